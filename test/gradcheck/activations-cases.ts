import type { OpType } from "../../src/graph/index.js";
import type { CaseInput, GradCase } from "./check.js";

const unary = (op: OpType, input: Omit<CaseInput, "shape"> = {}, attributes = {}, name = ""): GradCase => ({
  name: `${op}${name}`,
  inputs: [{ shape: [2, 4], ...input }],
  build: (g, [x]) => g.op(op, [x], attributes),
});

const wide = { low: -3, high: 3 };

export const ACTIVATIONS_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Erf: [unary("Erf", { low: -2, high: 2 })],
  Gelu: [unary("Gelu", wide), unary("Gelu", wide, { approximate: "tanh" }, ", by tanh")],
  Sin: [unary("Sin", wide)],
  Cos: [unary("Cos", wide)],
};
