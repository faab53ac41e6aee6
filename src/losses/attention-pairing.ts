import type { GraphBuilder, Value } from "../graph/index.js";

/**
 * Added under a square root, so that its derivative is finite at zero: at equality the
 * pairing's gradient is 0 and not NaN. It moves a norm n by at most min(√ε, ε / 2n).
 */
const SQUARE_ROOT_EPSILON = 1e-12;

/**
 * The normalised attention map of each image (Zagoruyko & Komodakis 2016,
 * arXiv:1612.03928, eq. 1 with p = 2; AT+ALP eq. 4).
 *
 *   F(A) = Σ_c A_c² ,   Q = vec F(A) ,   result = Q / √(‖Q‖₂² + ε)
 *
 * `activation` is `[N, C, h, w]`; the result is `[N, h·w]`, all zero where the activation is.
 */
export function attentionMap(g: GraphBuilder, activation: Value): Value {
  const map = g.op("ReduceSumSquare", [activation, g.ints([1])], { keepdims: 0 });
  const flat = g.op("Flatten", [map], { axis: 1 });
  const squared = g.op("ReduceSumSquare", [flat, g.ints([1])], { keepdims: 1 });
  const norm = g.op("Sqrt", [g.op("Add", [squared, g.scalar(SQUARE_ROOT_EPSILON, squared)])]);
  return g.op("Div", [flat, norm], {}, { name: "attention_map" });
}

/**
 * Attention pairing of each pair (AT+ALP eq. 4, p = 2): an unsquared norm, at most √2 a
 * group because the maps are non-negative.
 *
 *   L_AT[n] = Σ_j √( ‖ Q̂_adv^j[n] − Q̂_o^j[n] ‖₂² + ε )  −  √ε
 *
 * `clean[j]` and `adversarial[j]` are normalised maps `[N, h_j·w_j]` of group j
 * ({@link attentionMap}); the result is `[N]`, and exactly 0 at equality (the paper's
 * formula has no ε; subtracting √ε = 1e-6 undoes its value there).
 */
export function attentionPairing(
  g: GraphBuilder,
  clean: readonly Value[],
  adversarial: readonly Value[],
): Value {
  if (clean.length === 0 || clean.length !== adversarial.length) {
    throw new RangeError(
      `attention pairing needs the same groups twice, found ${clean.length} and ${adversarial.length}`,
    );
  }
  const distances = clean.map((map, j) => {
    const difference = g.op("Sub", [adversarial[j]!, map]);
    const squared = g.op("ReduceSumSquare", [difference, g.ints([1])], { keepdims: 0 });
    const root = g.op("Sqrt", [g.op("Add", [squared, g.scalar(SQUARE_ROOT_EPSILON, squared)])]);
    return g.op("Sub", [root, g.scalar(Math.sqrt(SQUARE_ROOT_EPSILON), squared)]);
  });
  return distances.length === 1 ? distances[0]! : g.op("Sum", distances, {}, { name: "attention_pairing" });
}
