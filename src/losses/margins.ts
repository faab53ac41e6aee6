/**
 * What attacks raise beside cross-entropy: how far another class is ahead of the label. Each is `[N]` of logits z
 * `[N, K]`; `label` and `target` are one-hot (exactly 0 and 1), `[N, K]`; z₍₁₎ ≥ z₍₂₎ ≥ … are the sorted logits of an image.
 * An infinite logit makes them NaN but where it is the label's or lowest of all.
 */
import type { GraphBuilder, Value } from "../graph/index.js";
import { int64 } from "../tensor/index.js";

/** Pushes the label's logit below every other: near the largest float32. */
const EXCLUDED = 3e38;
/** What keeps DLR's quotient finite, as in its reference. */
const FLOOR = 1e-12;

/** max_{k ≠ y} z_k − z_y (Carlini & Wagner 2017, arXiv:1608.04644, f₆): above 0 where the answer is not y. */
export function margin(g: GraphBuilder, logits: Value, label: Value): Value {
  return g.op("Sub", [greatestOther(g, logits, label), chosen(g, logits, label)]);
}

/** z_t − z_y */
export function targetedMargin(g: GraphBuilder, logits: Value, label: Value, target: Value): Value {
  return g.op("Sub", [chosen(g, logits, target), chosen(g, logits, label)]);
}

/** The margin of the softmax probabilities, max_{k ≠ y} p_k − p_y (PMA, arXiv:2411.15210): saturates as float32 does. */
export function probabilityMargin(g: GraphBuilder, logits: Value, label: Value): Value {
  return margin(g, g.op("Softmax", [logits], { axis: 1 }), label);
}

/**
 * −(z_y − max_{k ≠ y} z_k) / (z₍₁₎ − z₍₃₎ + 10⁻¹²): the difference of logits ratio (Croce & Hein 2020, arXiv:2003.01690,
 * eq. 6), the same at any scale of the logits. K ≥ 3.
 */
export function differenceOfLogitsRatio(g: GraphBuilder, logits: Value, label: Value): Value {
  const [first, , third] = greatest(g, logits, 3);
  return ratio(g, margin(g, logits, label), g.op("Sub", [first!, third!]));
}

/** −(z_y − z_t) / (z₍₁₎ − (z₍₃₎ + z₍₄₎) / 2 + 10⁻¹²) (the same, eq. 7). K ≥ 4. */
export function targetedDifferenceOfLogitsRatio(
  g: GraphBuilder,
  logits: Value,
  label: Value,
  target: Value,
): Value {
  const [first, , third, fourth] = greatest(g, logits, 4);
  const centre = g.op("Mul", [g.op("Add", [third!, fourth!]), g.scalar(0.5, third)]);
  return ratio(g, targetedMargin(g, logits, label, target), g.op("Sub", [first!, centre]));
}

function ratio(g: GraphBuilder, over: Value, under: Value): Value {
  return g.op("Div", [over, g.op("Add", [under, g.scalar(FLOOR, under)])]);
}

function chosen(g: GraphBuilder, logits: Value, oneHot: Value): Value {
  return g.op("ReduceSum", [g.op("Mul", [logits, oneHot]), g.ints([1])], { keepdims: 0 });
}

function greatestOther(g: GraphBuilder, logits: Value, label: Value): Value {
  const others = g.op("Sub", [logits, g.op("Mul", [label, g.scalar(EXCLUDED, label)])]);
  return g.op("ReduceMax", [others, g.ints([1])], { keepdims: 0 });
}

/** z₍₁₎, …, z₍ₖ₎, each `[N]`. */
function greatest(g: GraphBuilder, logits: Value, count: number): Value[] {
  const [values] = g.ops("TopK", [logits, g.ints([count])], { axis: 1 }, { outputs: 2 });
  return Array.from({ length: count }, (_, i) =>
    g.op("Gather", [values!, g.constant(int64([], [i]))], { axis: 1 }),
  );
}
