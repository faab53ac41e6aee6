import type { GraphBuilder, Value } from "../graph/index.js";

/**
 * Adversarial logit pairing of each pair (Kannan et al. 2018, arXiv:1803.06373; AT+ALP
 * eq. 3 with L_a the squared L2 distance).
 *
 *   L_ALP[n] = Σ_k ( f(x)[n, k] − f(x + δ)[n, k] )²
 *
 * Both inputs are `[N, K]`; the result is `[N]`. The published code of Kannan et al. averages over the classes:
 * its weight 0.5 is a weight of 0.5 / K here.
 */
export function logitPairing(g: GraphBuilder, clean: Value, adversarial: Value): Value {
  const difference = g.op("Sub", [clean, adversarial]);
  return g.op("ReduceSumSquare", [difference, g.ints([1])], { keepdims: 0 }, { name: "logit_pairing" });
}
