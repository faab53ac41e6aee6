import type { ActivationOp, GraphBuilder, Value } from "../../graph/index.js";
import { geluSlope } from "../composites.js";
import { positiveMask, type Rules } from "../rule.js";
import { unary } from "./elementwise.js";

const times = (g: GraphBuilder, x: Value, factor: number): Value => g.op("Mul", [x, g.scalar(factor, x)]);
const plus = (g: GraphBuilder, x: Value, term: number): Value => g.op("Add", [x, g.scalar(term, x)]);
const square = (g: GraphBuilder, x: Value): Value => g.op("Mul", [x, x]);

/** With Φ = ½ (1 + erf(x / √2)). */
function normalGelu(g: GraphBuilder, x: Value): Value {
  const u = times(g, x, Math.SQRT1_2);
  return geluSlope(g, u, 0.5, plus(g, times(g, g.op("Erf", [u]), 0.5), 0.5));
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

/** 1 where x > 0, else α. Max is exact because α lies between the mask's 0 and 1. */
function twoSlopes(g: GraphBuilder, x: Value, alpha: number): Value {
  const mask = positiveMask(g, x);
  if (alpha >= 0 && alpha <= 1) return g.op("Max", [mask, g.scalar(alpha, x)]);
  return plus(g, times(g, mask, 1 - alpha), alpha);
}

const inverse = (g: GraphBuilder, x: Value): Value => g.op("Reciprocal", [x]);
/** 1 − x² without loss near 1. */
const besideOne = (g: GraphBuilder, x: Value): Value =>
  g.op("Mul", [g.op("Sub", [g.scalar(1, x), x]), plus(g, x, 1)]);

/** Elementwise gradients from the input x and the output y; kinks belong to the lower side, as in PyTorch. */
export const ACTIVATIONS_RULES: Rules<ActivationOp> = {
  /** ∂ erf = 2 / √π · e^(−x²) */
  Erf: unary(({ g }, x) => times(g, g.op("Exp", [g.op("Neg", [square(g, x)])]), 2 / Math.sqrt(Math.PI))),
  Gelu: unary(({ g, attributes }, x) =>
    attributes.approximate === "tanh" ? tanhGelu(g, x) : normalGelu(g, x),
  ),
  /** 1, below 0 α eˣ */
  Elu: unary(({ g, attributes: { alpha } }, x) => {
    const bent = g.op("Exp", [g.op("Clip", [x, undefined, g.scalar(0, x)])]);
    return alpha === 1 ? bent : g.op("Mul", [bent, twoSlopes(g, x, alpha)]);
  }),
  LeakyRelu: unary(({ g, attributes }, x) => twoSlopes(g, x, attributes.alpha)),
  /** x_grad = y_grad⁺ + slope · y_grad⁻, slope_grad = x · y_grad⁻, with y_grad⁺ where x > 0 and y_grad⁻ elsewhere */
  PRelu: ({ g, inputs: [x, slope], outputGrads: [yGrad], needs }) => {
    const above = g.op("Mul", [yGrad, positiveMask(g, x!)]);
    const below = g.op("Sub", [yGrad, above]);
    return [
      needs(0) ? g.op("Add", [above, g.op("Mul", [below, slope])]) : null,
      needs(1) ? g.op("Mul", [below, x]) : null,
    ];
  },
  /** σ(x) */
  Softplus: unary(({ g }, x) => g.op("Sigmoid", [x])),
  /** 1 / (1 + |x|)² */
  Softsign: unary(({ g }, x) => square(g, inverse(g, plus(g, g.op("Abs", [x]), 1)))),
  Sin: unary(({ g }, x) => g.op("Cos", [x])),
  Cos: unary(({ g }, x) => g.op("Neg", [g.op("Sin", [x])])),
  /** 1 + y² */
  Tan: unary(({ g }, _, y) => plus(g, square(g, y), 1)),
  /** 1 / √(1 − x²) */
  Asin: unary(({ g }, x) => inverse(g, g.op("Sqrt", [besideOne(g, x)]))),
  Acos: unary(({ g }, x) => g.op("Neg", [inverse(g, g.op("Sqrt", [besideOne(g, x)]))])),
  /** 1 / (1 + x²) */
  Atan: unary(({ g }, x) => inverse(g, plus(g, square(g, x), 1))),
  Sinh: unary(({ g }, x) => g.op("Cosh", [x])),
  Cosh: unary(({ g }, x) => g.op("Sinh", [x])),
  /** 1 / √(x² + 1) */
  Asinh: unary(({ g }, x) => inverse(g, g.op("Sqrt", [plus(g, square(g, x), 1)]))),
  /** 1 / √(x² − 1) */
  Acosh: unary(({ g }, x) => inverse(g, g.op("Sqrt", [g.op("Neg", [besideOne(g, x)])]))),
  /** 1 / (1 − x²) */
  Atanh: unary(({ g }, x) => inverse(g, besideOne(g, x))),
  /** ∂ (a − b n) = (1, −n), n = a / b towards zero: with floats the remainder is fmod. */
  Mod: ({ g, inputs: [a, b], outputGrads: [yGrad], needs }) => {
    const quotient = (): Value => {
      const ratio = g.op("Div", [a, b]);
      return g.op("Mul", [g.op("Sign", [ratio]), g.op("Floor", [g.op("Abs", [ratio])])]);
    };
    return [yGrad!, needs(1) ? g.op("Neg", [g.op("Mul", [yGrad, quotient()])]) : null];
  },
  /** x_grad = y · (y_grad − Σ y_grad · y) */
  Softmax: ({ g, outputs: [y], outputGrads: [yGrad], attributes }) => {
    const along = g.ints([attributes.axis]);
    const dot = g.op("ReduceSum", [g.op("Mul", [yGrad, y]), along], { keepdims: 1 });
    return [g.op("Mul", [y, g.op("Sub", [yGrad, dot])])];
  },
  /** x_grad = y_grad − e^y · Σ y_grad */
  LogSoftmax: ({ g, outputs: [y], outputGrads: [yGrad], attributes }) => {
    const sum = g.op("ReduceSum", [yGrad, g.ints([attributes.axis])], { keepdims: 1 });
    return [g.op("Sub", [yGrad, g.op("Mul", [g.op("Exp", [y]), sum])])];
  },
  /** In eval form, the form of all graphs, dropout is the identity. */
  Dropout: ({ node, inputs, outputGrads: [yGrad] }) => {
    if (inputs[2] !== undefined) throw new Error(`node "${node.name}": Dropout in training mode`);
    return [yGrad!, null, null];
  },
};
