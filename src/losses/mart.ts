import type { GraphBuilder, Value } from "../graph/index.js";
import { crossEntropy } from "./cross-entropy.js";
import { klDivergence } from "./kl-divergence.js";

/** Added inside a logarithm's 1 − p, as in the reference code, so that p = 1 stays finite. */
const ROOM = 1e-4;
/** Larger than any probability: takes the label out of a maximum. */
const OUT = 2;

/**
 * MART's boosted cross-entropy (Wang et al. 2020, "Improving adversarial robustness requires
 * revisiting misclassified examples", eq. 9): also pushes the strongest wrong class down.
 *
 *   BCE[n] = − log p_y(x + δ) − log( 1.0001 − max_{k ≠ y} p_k(x + δ) )
 *
 * `[N]`. The label is the largest entry of `oneHot`, so smoothed labels do.
 */
export function boostedCrossEntropy(g: GraphBuilder, adversarial: Value, oneHot: Value): Value {
  const probabilities = g.op("Softmax", [adversarial], { axis: 1 });
  const label = g.op("Mul", [labelMask(g, oneHot), g.scalar(OUT, oneHot)]);
  const others = g.op("Sub", [probabilities, label]);
  const strongest = g.op("ReduceMax", [others, g.ints([1])], { keepdims: 0 });
  const left = g.op("Sub", [g.scalar(1 + ROOM, strongest), strongest]);
  return g.op("Sub", [crossEntropy(g, adversarial, oneHot), g.op("Log", [left])]);
}

/**
 * MART's regulariser (eq. 10): pairs that are classified wrongly weigh more.
 *
 *   R[n] = KL( p(x) ‖ p(x + δ) ) · ( 1 − p_y(x) )
 */
export function misclassificationKl(g: GraphBuilder, clean: Value, adversarial: Value, oneHot: Value): Value {
  const probabilities = g.op("Softmax", [clean], { axis: 1 });
  const picked = g.op("Mul", [probabilities, labelMask(g, oneHot)]);
  const right = g.op("ReduceSum", [picked, g.ints([1])], { keepdims: 0 });
  const wrong = g.op("Sub", [g.scalar(1, right), right]);
  return g.op("Mul", [klDivergence(g, clean, adversarial), wrong]);
}

/** 1 at the label, 0 elsewhere, smoothed or not. */
function labelMask(g: GraphBuilder, oneHot: Value): Value {
  const largest = g.op("ReduceMax", [oneHot, g.ints([1])], { keepdims: 1 });
  return g.op("Cast", [g.op("Equal", [oneHot, largest])], { to: oneHot.dtype });
}
