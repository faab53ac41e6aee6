/** What logits say: predictions, losses and one-hot labels, on the host. */

/** Index of the greatest of `count` logits from `start`; the first of equals. */
export function argMax(logits: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let k = 1; k < count; k++) if (logits[start + k]! > logits[start + best]!) best = k;
  return best;
}

/** Predicted class of each of `n` images from logits `[≥ n, K]`. */
export function predictions(logits: Float32Array, n: number, classes: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => argMax(logits, i * classes, classes));
}

/** Cross-entropy of each image's label in nats, by a shifted log-sum-exp in float64. */
export function crossEntropies(
  logits: Float32Array,
  labels: Int32Array,
  n: number,
  classes: number,
): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const start = i * classes;
    const peak = logits[start + argMax(logits, start, classes)]!;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - peak);
    return Math.log(sum) + peak - logits[start + labels[i]!]!;
  });
}

/**
 * Logits over these have unit spread at the scale where softmax tells classes apart without singling one out.
 *
 *   T = c · standard deviation of z_k over k ≠ y ,    z = logits[n]
 *
 * Where that is 0 (two classes, or equal others) the deviation over all classes serves, and 1 where that is 0 too
 * or not finite: then T changes nothing but the loss's unit. In proportion to the logits, float64 inside.
 */
export function temperaturesOf(logits: Float32Array, labels: Int32Array, classes: number): Float32Array {
  return Float32Array.from(labels, (label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const spread = deviationOf(row.filter((_, k) => k !== label)) || deviationOf(row);
    const inverse = Math.fround(1 / (TEMPERATURE * spread));
    return inverse > 0 && inverse < Infinity ? TEMPERATURE * spread : 1;
  });
}

/** c of {@link temperaturesOf}: between .1 and 1 trained networks keep the same accuracy to two images in a hundred. */
const TEMPERATURE = 0.5;

function deviationOf(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** {@link labelLogOdds} of the losses, on the host: log Σ_{k ≠ y} exp(z_k / T) − z_y / T, in float64. */
export function labelLogOdds(
  logits: Float32Array,
  labels: Int32Array,
  temperatures: Float32Array,
  classes: number,
): Float32Array {
  return Float32Array.from(labels, (label, i) => {
    const row = Array.from(logits.subarray(i * classes, (i + 1) * classes), (z) => z / temperatures[i]!);
    const others = row.filter((_, k) => k !== label);
    const peak = Math.max(...others);
    return Math.log(others.reduce((sum, z) => sum + Math.exp(z - peak), 0)) + peak - row[label]!;
  });
}

/** `[N, K]`: 1 at the label; with `smoothing` s, 1 − s + s / K there and s / K elsewhere. */
export function oneHot(labels: Int32Array, classes: number, smoothing: number = 0): Float32Array {
  const encoded = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, i) => {
    encoded[i * classes + label] = 1 - smoothing + smoothing / classes;
  });
  return encoded;
}

/** log of the mean of softmax(logits) over `answers`, each `[N, K]`; the peak is shifted out, in float64. */
export function logMeanProbabilities(answers: readonly Float32Array[], classes: number): Float32Array {
  const mean = new Float64Array(answers[0]!.length);
  for (const logits of answers) {
    for (let start = 0; start < logits.length; start += classes) {
      const peak = logits[start + argMax(logits, start, classes)]!;
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - peak);
      for (let k = 0; k < classes; k++) {
        mean[start + k]! += Math.exp(logits[start + k]! - peak) / sum / answers.length;
      }
    }
  }
  return Float32Array.from(mean, (p) => Math.log(Math.max(p, Number.MIN_VALUE)));
}
