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
