import type { GraphBuilder, Value } from "../graph/index.js";

/**
 * TRADES's regulariser (Zhang et al. 2019, arXiv:1901.08573, eq. 5, as its code has it).
 *
 *   KL[n] = Σ_k p_k(x) · ( log p_k(x) − log p_k(x + δ) ),   p = softmax of the logits
 *
 * Both inputs are logits `[N, K]`; the result is `[N]`, in nats. The gradient flows into both.
 */
export function klDivergence(g: GraphBuilder, clean: Value, adversarial: Value): Value {
  const [p, q] = [clean, adversarial].map((logits) => g.op("LogSoftmax", [logits], { axis: 1 }));
  const terms = g.op("Mul", [g.op("Exp", [p!]), g.op("Sub", [p!, q!])]);
  return g.op("ReduceSum", [terms, g.ints([1])], { keepdims: 0 }, { name: "kl_divergence" });
}
