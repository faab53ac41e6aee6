import { broadcastShapes, ShapeError, type InferRule, type OpSpec } from "../infer.js";
import type { DType } from "../../tensor/index.js";

const same: InferRule = ({ input }) => [{ dtype: input(0).dtype, shape: input(0).shape }];

const broadcast =
  (dtype?: DType): InferRule =>
  ({ input, inputCount }) => {
    const inputs = Array.from({ length: inputCount }, (_, i) => input(i));
    const found = inputs.find((type) => type.dtype !== inputs[0]!.dtype);
    if (found !== undefined) {
      throw new ShapeError(`inputs must have one type, found ${inputs[0]!.dtype} and ${found.dtype}`);
    }
    const shape = inputs.map((each) => each.shape).reduce((a, b) => broadcastShapes(a, b));
    return [{ dtype: dtype ?? inputs[0]!.dtype, shape }];
  };

const unary: OpSpec = { inputs: [1, 1], outputs: [1, 1], attributes: {}, infer: same };
const binary: OpSpec = { inputs: [2, 2], outputs: [1, 1], attributes: {}, infer: broadcast() };
const comparison: OpSpec = { ...binary, infer: broadcast("bool") };
const variadic: OpSpec = { inputs: [1, Infinity], outputs: [1, 1], attributes: {}, infer: broadcast() };

export type ElementwiseOp =
  | "Identity"
  | "Neg"
  | "Abs"
  | "Sign"
  | "Round"
  | "Floor"
  | "Ceil"
  | "Exp"
  | "Log"
  | "Sqrt"
  | "Reciprocal"
  | "Relu"
  | "Sigmoid"
  | "Tanh"
  | "Not"
  | "HardSigmoid"
  | "Cast"
  | "Clip"
  | "Add"
  | "Sub"
  | "Mul"
  | "Div"
  | "Pow"
  | "Max"
  | "Min"
  | "Sum"
  | "Equal"
  | "Greater"
  | "GreaterOrEqual"
  | "Less"
  | "LessOrEqual"
  | "And"
  | "Or"
  | "Where";

/** Ops whose output element depends on the input elements at its own position. */
export const ELEMENTWISE: Readonly<Record<ElementwiseOp, OpSpec>> = {
  Identity: unary,
  Neg: unary,
  Abs: unary,
  Sign: unary,
  Round: unary,
  Floor: unary,
  Ceil: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Relu: unary,
  Sigmoid: unary,
  Tanh: unary,
  Not: unary,
  HardSigmoid: {
    ...unary,
    attributes: { alpha: { kind: "float", default: 0.2 }, beta: { kind: "float", default: 0.5 } },
  },
  Cast: {
    ...unary,
    attributes: { to: { kind: "string", required: true } },
    // `to` is kept as our type name; export turns it into ONNX's number.
    infer: ({ input, string }) => [{ dtype: string("to") as DType, shape: input(0).shape }],
  },
  Clip: { ...unary, inputs: [1, 3] },
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: {
    ...binary,
    infer: ({ input }) => [{ dtype: input(0).dtype, shape: broadcastShapes(input(0).shape, input(1).shape) }],
  },
  Max: variadic,
  Min: variadic,
  Sum: variadic,
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: binary,
  Or: binary,
  Where: {
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input }) => {
      const [condition, yes, no] = [input(0), input(1), input(2)];
      if (condition.dtype !== "bool" || yes.dtype !== no.dtype) {
        throw new ShapeError(
          `chooses by bool between one type, found ${condition.dtype}, ${yes.dtype}, ${no.dtype}`,
        );
      }
      return [{ dtype: yes.dtype, shape: broadcastShapes(condition.shape, yes.shape, no.shape) }];
    },
  },
};
