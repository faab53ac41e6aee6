import type { GraphBuilder, Value } from "../graph/index.js";

/** Pushes the label's logit below every other: near the largest float32. */
const EXCLUDED = 3e38;

/**
 * The log-odds against the label, at a temperature T of each image.
 *
 *   L[n] = log Σ_{k ≠ y} exp( z_k / T )  −  z_y / T ,    z = logits[n]
 *
 * At T = 1 it is log((1 − p_y) / p_y), which rises with cross-entropy −log p_y: both gradients point the
 * same way, but this one is softmax over the other classes minus the label and has the same length whatever
 * the logits are. Cross-entropy's is that times 1 − p_y, which float32 rounds to 0 where the label is ahead by
 * 17 nats. `inverseTemperature` is 1 / T, `[N, 1]`; logits times c with T times c give the same L. As T falls
 * to 0 the loss is the margin (max_{k ≠ y} z_k − z_y) / T.
 *
 * `logits` and `oneHot` (exactly 0 and 1) are `[N, K]`, K ≥ 2; the result is `[N]`.
 */
export function labelLogOdds(
  g: GraphBuilder,
  logits: Value,
  oneHot: Value,
  inverseTemperature: Value,
): Value {
  const scaled = g.op("Mul", [logits, inverseTemperature]);
  const excluded = g.op("Mul", [oneHot, g.scalar(EXCLUDED)]);
  const classes = g.ints([1]);
  const others = g.op("ReduceLogSumExp", [g.op("Sub", [scaled, excluded]), classes], { keepdims: 0 });
  const label = g.op("ReduceSum", [g.op("Mul", [scaled, oneHot]), classes], { keepdims: 0 });
  return g.op("Sub", [others, label], {}, { name: "label_log_odds" });
}
