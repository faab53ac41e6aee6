import { normaliseAxis, type InferContext, type OpSpec } from "../infer.js";
import type { Dim } from "../graph.js";

/** Reductions of the internal opset take their axes as an optional constant input. */
const reduction: OpSpec = {
  inputs: [1, 2],
  outputs: [1, 1],
  attributes: { keepdims: { kind: "int", default: 1 }, noop_with_empty_axes: { kind: "int", default: 0 } },
  infer: (context) => {
    const { dtype, shape } = context.input(0);
    const axes = reducedAxes(context);
    const dims: Dim[] = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return [
      { dtype, shape: context.int("keepdims") === 1 ? dims : dims.filter((_, axis) => !axes.includes(axis)) },
    ];
  },
};

const argument: OpSpec = {
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: {
    axis: { kind: "int", default: 0 },
    keepdims: { kind: "int", default: 1 },
    select_last_index: { kind: "int", default: 0 },
  },
  infer: ({ input, int }) => {
    const { shape } = input(0);
    const reduced = normaliseAxis(int("axis"), shape.length);
    const dims: Dim[] = shape.map((dim, axis) => (axis === reduced ? 1 : dim));
    return [
      { dtype: "int64", shape: int("keepdims") === 1 ? dims : dims.filter((_, axis) => axis !== reduced) },
    ];
  },
};

/** Non-negative axes of a reduction; all of them when none are given. */
export function reducedAxes({ input, optional, constantInts, int }: InferContext): number[] {
  const rank = input(0).shape.length;
  const given = optional(1) === undefined ? [] : constantInts(1, "axes");
  if (given.length > 0) return given.map((axis) => normaliseAxis(axis, rank));
  return int("noop_with_empty_axes") === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

export type ReductionOp =
  | "ReduceSum"
  | "ReduceMean"
  | "ReduceMax"
  | "ReduceMin"
  | "ReduceL2"
  | "ReduceSumSquare"
  | "ReduceLogSumExp"
  | "ArgMax"
  | "ArgMin";

export const REDUCTION: Readonly<Record<ReductionOp, OpSpec>> = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceL2: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: argument,
  ArgMin: argument,
};
