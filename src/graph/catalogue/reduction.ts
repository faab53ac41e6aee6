import { flat, normaliseAxis, operator, type InferContext } from "../infer.js";
import type { Dim } from "../graph.js";

/** In the internal opset, reductions take their axes as an optional constant input. */
const reduction = operator({
  inputs: [1, 2],
  outputs: [1, 1],
  attributes: { keepdims: { kind: "int", default: 1 }, noop_with_empty_axes: { kind: "int", default: 0 } },
  infer: (context) => {
    const { dtype, shape } = context.input(0);
    const axes = reducedAxes(context);
    const dims: Dim[] = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return [
      {
        dtype,
        shape: context.attributes.keepdims === 1 ? dims : dims.filter((_, axis) => !axes.includes(axis)),
      },
    ];
  },
});

const argument = flat(
  operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {
      axis: { kind: "int", default: 0 },
      keepdims: { kind: "int", default: 1 },
      select_last_index: { kind: "int", default: 0 },
    },
    infer: ({ input, attributes }) => {
      const { shape } = input(0);
      const reduced = normaliseAxis(attributes.axis, shape.length);
      const dims: Dim[] = shape.map((dim, axis) => (axis === reduced ? 1 : dim));
      return [
        {
          dtype: "int64",
          shape: attributes.keepdims === 1 ? dims : dims.filter((_, axis) => axis !== reduced),
        },
      ];
    },
  }),
);

/** The axes of a reduction as non-negative numbers; all axes if none are given. */
export function reducedAxes({
  input,
  optional,
  constantInts,
  attributes,
}: InferContext<typeof reduction.attributes>): number[] {
  const given = optional(1) === undefined ? [] : constantInts(1, "axes");
  return axesOf(given, input(0).shape.length, attributes.noop_with_empty_axes === 1);
}

/** The given axes of a reduction as non-negative numbers. */
export function axesOf(given: readonly number[], rank: number, isNothing: boolean): number[] {
  if (given.length > 0) return [...new Set(given.map((axis) => normaliseAxis(axis, rank)))];
  return isNothing ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

export const REDUCTION = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceL2: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: argument,
  ArgMin: argument,
};

export type ReductionOp = keyof typeof REDUCTION;
