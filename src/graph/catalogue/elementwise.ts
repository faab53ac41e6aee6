import { broadcastShapes, flat, operator, ShapeError, type InferContext, type OutputType } from "../infer.js";
import type { DType } from "../../tensor/index.js";

type InferRule = (context: Pick<InferContext, "input" | "inputCount">) => readonly OutputType[];

const same: InferRule = ({ input }) => [{ dtype: input(0).dtype, shape: input(0).shape }];

export const broadcast =
  (dtype?: DType): InferRule =>
  ({ input, inputCount }) => {
    const inputs = Array.from({ length: inputCount }, (_, i) => input(i));
    const found = inputs.find((type) => type.dtype !== inputs[0]!.dtype);
    if (found !== undefined) {
      throw new ShapeError(`inputs must have the same type, found ${inputs[0]!.dtype} and ${found.dtype}`);
    }
    const shape = inputs.map((each) => each.shape).reduce((a, b) => broadcastShapes(a, b));
    return [{ dtype: dtype ?? inputs[0]!.dtype, shape }];
  };

/** One input, and one output of the same type and shape. */
export const one = { inputs: [1, 1], outputs: [1, 1], infer: same } as const;
export const unary = operator({ ...one, attributes: {} });
export const binary = operator({ inputs: [2, 2], outputs: [1, 1], attributes: {}, infer: broadcast() });
const comparison = flat({ ...binary, infer: broadcast("bool") });
const variadic = operator({ inputs: [1, Infinity], outputs: [1, 1], attributes: {}, infer: broadcast() });

/** Ops whose output elements depend only on the input elements at the same position. */
export const ELEMENTWISE = {
  Identity: unary,
  Neg: unary,
  Abs: unary,
  Sign: flat(unary),
  Round: flat(unary),
  Floor: flat(unary),
  Ceil: flat(unary),
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Relu: operator({ ...unary, activation: true }),
  Sigmoid: unary,
  Tanh: unary,
  Not: flat(unary),
  HardSigmoid: operator({
    ...one,
    attributes: { alpha: { kind: "float", default: 0.2 }, beta: { kind: "float", default: 0.5 } },
  }),
  Cast: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { to: { kind: "dtype", required: true } },
    infer: ({ input, attributes }) => [{ dtype: attributes.to, shape: input(0).shape }],
  }),
  /** An activation that can be tapped, because ReLU6 is one. */
  Clip: operator({
    ...unary,
    inputs: [1, 3],
    activation: true,
    infer: ({ input, optional }) => {
      const { dtype, shape } = input(0);
      for (const bound of [optional(1), optional(2)]) {
        if (bound !== undefined && (bound.dtype !== dtype || bound.shape.some((dim) => dim !== 1))) {
          throw new ShapeError(
            `a bound must be one ${dtype}, found ${bound.dtype} [${bound.shape.join(", ")}]`,
          );
        }
      }
      return [{ dtype, shape }];
    },
  }),
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: operator({
    ...binary,
    infer: ({ input }) => [{ dtype: input(0).dtype, shape: broadcastShapes(input(0).shape, input(1).shape) }],
  }),
  Max: operator({ ...variadic, activation: true }),
  Min: variadic,
  Sum: variadic,
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: flat(binary),
  Or: flat(binary),
  Where: operator({
    activation: true,
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input }) => {
      const [condition, yes, no] = [input(0), input(1), input(2)];
      if (condition.dtype !== "bool" || yes.dtype !== no.dtype) {
        throw new ShapeError(
          `takes a bool condition and two inputs of the same type, found ${condition.dtype}, ${yes.dtype}, ${no.dtype}`,
        );
      }
      return [{ dtype: yes.dtype, shape: broadcastShapes(condition.shape, yes.shape, no.shape) }];
    },
  }),
};

export type ElementwiseOp = keyof typeof ELEMENTWISE;
