import type { GraphBuilder, Value } from "../graph/index.js";

/**
 * Cross-entropy of each image, in nats.
 *
 *   L_CE[n] = − Σ_k oneHot[n, k] · log softmax(logits[n])[k]
 *
 * `logits` and `oneHot` are `[N, K]`; the result is `[N]`. Label smoothing is a matter of
 * what is fed as `oneHot`.
 */
export function crossEntropy(g: GraphBuilder, logits: Value, oneHot: Value): Value {
  const logProbabilities = g.op("LogSoftmax", [logits], { axis: 1 });
  const picked = g.op("Mul", [oneHot, logProbabilities]);
  return g.op(
    "Neg",
    [g.op("ReduceSum", [picked, g.ints([1])], { keepdims: 0 })],
    {},
    { name: "cross_entropy" },
  );
}
