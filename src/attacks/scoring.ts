/** Predictions, losses and one-hot labels from logits, on the host. */

/** The prediction if a logit is NaN: no class, so it is never right. */
export const NO_CLASS = -1;

/** Index of the largest of `count` logits from `start`, the first among equals; {@link NO_CLASS} if one is NaN. */
export function argMax(logits: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let k = 0; k < count; k++) {
    const logit = logits[start + k]!;
    if (Number.isNaN(logit)) return NO_CLASS;
    if (logit > logits[start + best]!) best = k;
  }
  return best;
}

/** The largest of `count` logits from `start`; NaN if one is NaN. */
function peakOf(logits: Float32Array, start: number, count: number): number {
  let peak = -Infinity;
  for (let k = 0; k < count; k++) peak = Math.max(peak, logits[start + k]!);
  return peak;
}

/** Predicted class of each of `n` images from logits `[≥ n, K]`; {@link NO_CLASS} if one is NaN. */
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
    const peak = peakOf(logits, start, classes);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - peak);
    return Math.log(sum) + peak - logits[start + labels[i]!]!;
  });
}

/** How many of the largest other logits the spread is taken over; with a thousand classes the rest are irrelevant. */
const RIVALS = 9;
/** Median absolute deviations in a standard deviation, for normal values. */
const NORMAL = 1.4826;

/**
 * The spread of the logits of an image's rival classes, in proportion to its logits z `[K]`: a loss of z divided by it does
 * not depend on their scale.
 *
 *   1.4826 · median |z_k − median z| ,    over the nine largest z_k, k ≠ y
 *
 * Medians, because one class far below the others (a masked one) must not set the scale. If more than half of them
 * are equal, the gap between the two largest is used, then the gap to the label; 1 if all are equal or not finite.
 */
export function spreadOf(logits: Float32Array, label: number): number {
  const rivals = Array.from(logits.filter((_, k) => k !== label).sort()).slice(-RIVALS);
  const [first, second] = [rivals.at(-1)!, rivals.at(-2) ?? NaN];
  const centre = medianOf(rivals);
  const deviation = NORMAL * medianOf(rivals.map((z) => Math.abs(z - centre)));
  const spread = deviation || first - second || Math.abs(logits[label]! - first);
  // Its inverse, and the inverse of a hundredth of it, must be finite in float32.
  return spread > 1e-35 && spread < 1e38 ? spread : 1;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** max_{k ≠ y} z_k − z_y of the `count` logits from `start`: above 0 if the prediction is not y. */
export function marginOf(logits: Float32Array, start: number, count: number, label: number): number {
  let greatest = -Infinity;
  for (let k = 0; k < count; k++) if (k !== label) greatest = Math.max(greatest, logits[start + k]!);
  return greatest - logits[start + label]!;
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
      const peak = peakOf(logits, start, classes);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - peak);
      for (let k = 0; k < classes; k++) {
        mean[start + k]! += Math.exp(logits[start + k]! - peak) / sum / answers.length;
      }
    }
  }
  return Float32Array.from(mean, (p) => Math.log(Math.max(p, Number.MIN_VALUE)));
}
