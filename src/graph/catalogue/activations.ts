import { isFloat } from "../../tensor/index.js";
import {
  broadcastShapes,
  flat,
  normaliseAxis,
  operator,
  ShapeError,
  type InferContext,
  type OpSpec,
  type OutputType,
} from "../infer.js";
import { binary, broadcast, one, unary } from "./elementwise.js";

const two = { inputs: [2, 2], outputs: [1, 1] } as const;
const activation = operator({ ...unary, activation: true });
const scaled = <Default extends number>(alpha: Default) =>
  operator({ ...one, activation: true, attributes: { alpha: { kind: "float", default: alpha } } });

const isOneOf = (context: Pick<InferContext, "input">): readonly OutputType[] => [
  { dtype: "bool", shape: context.input(0).shape },
];

const DIRECTIONS: readonly (string | undefined)[] = ["LEFT", "RIGHT"];

/** The type rule of ops on one or two integers. */
function whole(context: Pick<InferContext, "input" | "inputCount">): readonly OutputType[] {
  const { dtype } = context.input(0);
  if (isFloat(dtype) || dtype === "bool")
    throw new ShapeError(`its type must be an integer type, found ${dtype}`);
  return broadcast()(context);
}
const bitwise = flat({ ...binary, infer: whole });

/** Activations, final layers and other unary functions, and a few rare binary ones. */
export const ACTIVATIONS = {
  Erf: unary,
  /** x · Φ(x), or its tanh approximation. */
  Gelu: operator({
    ...one,
    activation: true,
    attributes: { approximate: { kind: "string", default: "none" } },
    infer: (context) => {
      const { approximate } = context.attributes;
      if (approximate !== "none" && approximate !== "tanh") {
        throw new ShapeError(`unknown approximation "${approximate.slice(0, 40)}"`);
      }
      return one.infer(context);
    },
  }),
  /** x if x ≥ 0, else α (eˣ − 1). */
  Elu: scaled(1),
  /** x if x ≥ 0, else α x. */
  LeakyRelu: scaled(0.01),
  /** x if x ≥ 0, else slope · x. The slope broadcasts to x. */
  PRelu: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    trained: [1],
    activation: true,
    infer: ({ input }) => {
      const [x, slope] = [input(0), input(1)];
      const shape = broadcastShapes(x.shape, slope.shape);
      if (x.dtype !== slope.dtype || shape.join() !== x.shape.join()) {
        throw new ShapeError(
          `a slope of ${slope.dtype} [${slope.shape.join(", ")}] does not broadcast to ${x.dtype} [${x.shape.join(", ")}]`,
        );
      }
      return [{ dtype: x.dtype, shape }];
    },
  }),
  /** log (1 + eˣ) */
  Softplus: activation,
  /** x / (1 + |x|) */
  Softsign: activation,
  Softmax: axisOp(-1),
  LogSoftmax: axisOp(-1),
  Dropout: operator({
    inputs: [1, 3],
    outputs: [1, 2],
    attributes: { seed: { kind: "int" } },
    infer: ({ input }) => [
      { dtype: input(0).dtype, shape: input(0).shape },
      { dtype: "bool", shape: input(0).shape },
    ],
  }),
  /** 1 at the first maximum along the axis, else 0. */
  Hardmax: flat(axisOp(-1)),
  Sin: unary,
  Cos: unary,
  Tan: unary,
  Asin: unary,
  Acos: unary,
  Atan: unary,
  Sinh: unary,
  Cosh: unary,
  Asinh: unary,
  Acosh: unary,
  Atanh: unary,
  /** The remainder. It has the sign of the divisor, or with fmod = 1 that of the dividend. */
  Mod: operator({
    ...two,
    attributes: { fmod: { kind: "int", default: 0 } },
    infer: (context) => {
      const { dtype } = context.input(0);
      if (context.attributes.fmod !== 1 && isFloat(dtype)) {
        throw new ShapeError(`its fmod must be 1 for ${dtype}, found ${context.attributes.fmod}`);
      }
      return broadcast()(context);
    },
  }),
  IsNaN: flat(operator({ ...one, attributes: {}, infer: isOneOf })),
  IsInf: flat(
    operator({
      ...one,
      attributes: {
        detect_negative: { kind: "int", default: 1 },
        detect_positive: { kind: "int", default: 1 },
      },
      infer: isOneOf,
    }),
  ),
  Xor: flat(binary),
  BitwiseAnd: bitwise,
  BitwiseOr: bitwise,
  BitwiseXor: bitwise,
  BitwiseNot: flat({ ...unary, infer: whole }),
  BitShift: flat(
    operator({
      ...two,
      attributes: { direction: { kind: "string", required: true } },
      infer: (context) => {
        const { direction } = context.attributes;
        if (!DIRECTIONS.includes(direction)) {
          throw new ShapeError(`unknown direction "${direction.slice(0, 40)}"`);
        }
        return whole(context);
      },
    }),
  ),
};

export type ActivationOp = keyof typeof ACTIVATIONS;

function axisOp(axis: number): OpSpec<{ readonly axis: { readonly kind: "int"; readonly default: number } }> {
  return operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: axis } },
    infer: ({ input, attributes }) => {
      normaliseAxis(attributes.axis, input(0).shape.length);
      return [{ dtype: input(0).dtype, shape: input(0).shape }];
    },
  });
}
