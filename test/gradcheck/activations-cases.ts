import type { OpType } from "../../src/graph/index.js";
import type { CaseInput, GradCase } from "./check.js";

const unary = (op: OpType, input: Omit<CaseInput, "shape"> = {}, attributes = {}, name = ""): GradCase => ({
  name: `${op}${name}`,
  inputs: [{ shape: [2, 4], ...input }],
  build: (g, [x]) => g.op(op, [x], attributes),
});

const wide = { low: -3, high: 3 };
/** Far enough from the ends of the domain for central differences. */
const inside = { low: -0.8, high: 0.8 };
const kinked = { ...wide, awayFromZero: 0.1 };

const prelu = (name: string, slope: readonly number[]): GradCase => ({
  name: `PRelu, ${name}`,
  inputs: [{ shape: [2, 3, 2], ...kinked }, { shape: slope }],
  build: (g, inputs) => g.op("PRelu", inputs),
});

export const ACTIVATIONS_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Erf: [unary("Erf", { low: -2, high: 2 })],
  Gelu: [unary("Gelu", wide), unary("Gelu", wide, { approximate: "tanh" }, ", by tanh")],
  Elu: [unary("Elu", kinked), unary("Elu", kinked, { alpha: 1.67 }, ", alpha 1.67")],
  LeakyRelu: [
    unary("LeakyRelu", kinked),
    unary("LeakyRelu", kinked, { alpha: 0.3 }, ", alpha 0.3"),
    unary("LeakyRelu", kinked, { alpha: 1.5 }, ", steeper below 0"),
    unary("LeakyRelu", kinked, { alpha: -0.5 }, ", rising below 0"),
  ],
  PRelu: [
    prelu("a slope a channel", [3, 1]),
    prelu("one slope", [1]),
    prelu("a slope an element", [2, 3, 2]),
  ],
  Softplus: [unary("Softplus", wide)],
  Softsign: [unary("Softsign", kinked)],
  Sin: [unary("Sin", wide)],
  Cos: [unary("Cos", wide)],
  Tan: [unary("Tan", { low: -1.2, high: 1.2 })],
  Asin: [unary("Asin", inside)],
  Acos: [unary("Acos", inside)],
  Atan: [unary("Atan", wide)],
  Sinh: [unary("Sinh", wide)],
  Cosh: [unary("Cosh", wide)],
  Asinh: [unary("Asinh", wide)],
  Acosh: [unary("Acosh", { low: 1.2, high: 3 })],
  Atanh: [unary("Atanh", inside)],
  Mod: [
    {
      name: "Mod, of floats, broadcast",
      // No quotient is near a whole number.
      inputs: [
        { shape: [2, 3], apart: 1 },
        { shape: [3], low: 0.97, high: 0.99 },
      ],
      build: (g, inputs) => g.op("Mod", inputs, { fmod: 1 }),
    },
  ],
};
