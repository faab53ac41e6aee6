import type { ActivationOp, GraphBuilder, Value } from "../../graph/index.js";
import type { Rules } from "../rule.js";
import { unary } from "./elementwise.js";

const times = (g: GraphBuilder, x: Value, factor: number): Value => g.op("Mul", [x, g.scalar(factor, x)]);
const plus = (g: GraphBuilder, x: Value, term: number): Value => g.op("Add", [x, g.scalar(term, x)]);
const square = (g: GraphBuilder, x: Value): Value => g.op("Mul", [x, x]);

/** ∂ x Φ(x) = Φ(x) + x φ(x), with Φ = ½ (1 + erf(x / √2)) and φ = e^(−x²/2) / √2π */
function normalGelu(g: GraphBuilder, x: Value): Value {
  const below = plus(g, times(g, g.op("Erf", [times(g, x, Math.SQRT1_2)]), 0.5), 0.5);
  const density = g.op("Exp", [times(g, square(g, x), -0.5)]);
  return g.op("Add", [below, g.op("Mul", [times(g, x, 1 / Math.sqrt(2 * Math.PI)), density])]);
}

const CUBIC = 0.044715;

/** ∂ ½ x (1 + t) = ½ (1 + t) + ½ x (1 − t²) u', with t = tanh u and u = √(2/π) (x + 0.044715 x³) */
function tanhGelu(g: GraphBuilder, x: Value): Value {
  const scale = Math.sqrt(2 / Math.PI);
  const squared = square(g, x);
  const inner = g.op("Mul", [x, plus(g, times(g, squared, scale * CUBIC), scale)]);
  const t = g.op("Tanh", [inner]);
  const slope = plus(g, times(g, squared, 1.5 * scale * CUBIC), 0.5 * scale);
  const bent = g.op("Mul", [g.op("Mul", [x, slope]), g.op("Sub", [g.scalar(1, x), square(g, t)])]);
  return g.op("Add", [plus(g, times(g, t, 0.5), 0.5), bent]);
}

export const ACTIVATIONS_RULES: Rules<ActivationOp> = {
  /** ∂ erf = 2 / √π · e^(−x²) */
  Erf: unary(({ g }, x) => times(g, g.op("Exp", [g.op("Neg", [square(g, x)])]), 2 / Math.sqrt(Math.PI))),
  Gelu: unary(({ g, attributes }, x) =>
    attributes.approximate === "tanh" ? tanhGelu(g, x) : normalGelu(g, x),
  ),
  Sin: unary(({ g }, x) => g.op("Cos", [x])),
  Cos: unary(({ g }, x) => g.op("Neg", [g.op("Sin", [x])])),
};
