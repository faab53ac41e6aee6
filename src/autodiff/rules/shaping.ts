import {
  normaliseAxis,
  padZeros,
  reshapeTo,
  reversed,
  sliceBounds,
  type GraphBuilder,
  type ShapingOp,
  type Value,
} from "../../graph/index.js";
import { sizeOf, toNumbers, type Tensor } from "../../tensor/index.js";
import { swapLastAxes, type Rule, type Rules } from "../rule.js";
import { scattered, zerosLike } from "./indexing.js";

/** Ops that only reshape. */
const reshaping: Rule = ({ g, inputs: [x], outputGrads: [yGrad] }) => [reshapeTo(g, yGrad!, x!.shape), null];

/** Elements [start, start + length) along one axis. */
export function sliceAxis(g: GraphBuilder, x: Value, axis: number, start: number, length: number): Value {
  if (start === 0 && length === x.shape[axis]) return x;
  return g.op("Slice", [x, g.ints([start]), g.ints([start + length]), g.ints([axis])]);
}

export const SHAPING_RULES: Rules<ShapingOp> = {
  Reshape: reshaping,
  Flatten: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  /** The walk undoes broadcasting. */
  Expand: ({ outputGrads: [yGrad] }) => [yGrad!, null],
  Transpose: ({ g, inputs: [x], outputGrads: [yGrad], attributes }) => {
    const perm = attributes.perm ?? x!.shape.map((_, axis) => x!.shape.length - 1 - axis);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    const matrix = perm.length === 2 && perm[0] === 1;
    if (matrix) return [swapLastAxes(g, yGrad!)];
    return [g.op("Transpose", [yGrad], { perm: inverse })];
  },
  Concat: ({ g, inputs, outputGrads: [yGrad], attributes, needs }) => {
    const axis = normaliseAxis(attributes.axis, yGrad!.shape.length);
    let start = 0;
    return inputs.map((x, i) => {
      const length = x!.shape[axis]!;
      start += length;
      return needs(i) ? sliceAxis(g, yGrad!, axis, start - length, length) : null;
    });
  },
  Split: ({ g, inputs: [x], outputs, outputGrads, attributes }) => {
    const axis = normaliseAxis(attributes.axis, x!.shape.length);
    const parts = outputs.map((y, i) => outputGrads[i] ?? zerosLike(g, y!));
    return [g.op("Concat", parts, { axis }), null];
  },
  /** Reverses reversed axes back, then pads each axis, between its elements if it was strided. */
  Slice: ({ g, inputs: [x], outputGrads: [yGrad], types }) => {
    const rank = x!.shape.length;
    const starts = types.constantInts(1, "starts");
    const ends = types.constantInts(2, "ends");
    const axes = types.optional(3) === undefined ? starts.map((_, i) => i) : types.constantInts(3, "axes");
    const steps = types.optional(4) === undefined ? starts.map(() => 1) : types.constantInts(4, "steps");
    const positive = axes.map((axis) => normaliseAxis(axis, rank));
    const isReversed = (axis: number, i: number): boolean => steps[i]! < 0 && yGrad!.shape[axis]! > 1;
    let grad = reversed(g, yGrad!, positive.filter(isReversed));
    positive.forEach((axis, i) => {
      grad = unslice(g, grad, axis, x!.shape[axis]!, starts[i]!, ends[i]!, steps[i]!);
    });
    return [grad, null, null, null, null];
  },
  /** Adds up the gradients of all copies of an element. */
  Pad: ({ g, inputs: [x], outputGrads: [yGrad], attributes, types }) => {
    const rank = x!.shape.length;
    const pads = types.constantInts(1, "pads");
    const given = types.optional(3) === undefined ? undefined : types.constantInts(3, "axes");
    const axes = given?.map((axis) => normaliseAxis(axis, rank)) ?? x!.shape.map((_, axis) => axis);
    let grad = yGrad!;
    axes.forEach((axis, i) => {
      const padded = [pads[i]!, pads[i + axes.length]!] as const;
      grad = unpad(g, grad, axis, x!.shape[axis]!, padded, attributes.mode);
    });
    return [grad, null, null, null];
  },
  /** A row that was gathered twice gets both gradients. */
  Gather: ({ g, inputs: [x, indices], outputGrads: [yGrad], attributes }) => {
    const axis = normaliseAxis(attributes.axis, x!.shape.length);
    const count = sizeOf(indices!.shape);
    const shape = x!.shape.map((dim, at) => (at === axis ? count : dim));
    const rows = reshapeTo(g, yGrad!, shape);
    const known = g.constantOf(indices!);
    const gathered = known === undefined ? undefined : ungather(g, rows, axis, x!.shape[axis]!, known);
    if (gathered !== undefined) return [gathered, null];
    const spread = x!.shape.map((_, at) => (at === axis ? count : 1));
    const places = g.op("Expand", [reshapeTo(g, indices!, spread), g.ints(shape)]);
    return [g.op("ScatterElements", [zerosLike(g, x!), places, rows], { axis, reduction: "add" }), null];
  },
  GatherElements: ({ g, inputs: [x, indices], outputGrads: [yGrad], attributes }) => [
    g.op("ScatterElements", [zerosLike(g, x!), indices, yGrad], {
      axis: attributes.axis,
      reduction: "add",
    }),
    null,
  ],
  ScatterElements: (context) => {
    const { g, inputs, attributes } = context;
    const [indices, { axis }] = [inputs[1]!, attributes];
    return scattered(context, attributes.reduction, {
      gather: (from) => g.op("GatherElements", [from, indices], { axis }),
      scatter: (into, updates, reduction) =>
        g.op("ScatterElements", [into, indices, updates], { axis, reduction }),
    });
  },
};

/** The transpose of padding one axis of `length`; negative pads crop it. */
function unpad(
  g: GraphBuilder,
  grad: Value,
  axis: number,
  length: number,
  [before, after]: readonly [number, number],
  mode: string,
): Value {
  const at = (value: number): number[] => grad.shape.map((_, i) => (i === axis ? value : 0));
  const [first, last] = [Math.max(0, before), Math.max(0, after)];
  const kept = grad.shape[axis]! - first - last;
  const inner = padZeros(
    g,
    sliceAxis(g, grad, axis, first, kept),
    at(Math.max(0, -before)),
    at(Math.max(0, -after)),
  );
  if (mode === "constant") return inner;
  /** The gradient of what was copied to [start, start + count), as a piece of the axis starting at `place`. */
  const copied = (start: number, count: number, place: (pieces: number) => number): Value | undefined => {
    if (count === 0) return undefined;
    const part = sliceAxis(g, grad, axis, start, count);
    const piece =
      mode === "edge"
        ? g.op("ReduceSum", [part, g.ints([axis])], { keepdims: 1 })
        : mode === "reflect"
          ? reversed(g, part, [axis])
          : part;
    const size = piece.shape[axis]!;
    return padZeros(g, piece, at(place(size)), at(length - place(size) - size));
  };
  const fromStart = copied(0, first, (size) =>
    mode === "edge" ? 0 : mode === "reflect" ? 1 : length - size,
  );
  const fromEnd = copied(first + kept, last, (size) =>
    mode === "edge" ? length - 1 : mode === "reflect" ? length - 1 - size : 0,
  );
  const parts = [inner, fromStart, fromEnd].filter((part) => part !== undefined);
  return parts.length === 1 ? inner : g.op("Sum", parts);
}

/** Most rows that `ungather` may read per existing row; beyond that, scattering is less work. */
const REPEATS = 4;

/**
 * The transpose of gathering rows of one axis by constant indices, written as another gather, which is several times as
 * fast as scattering: for each row of the axis, gathers the rows copied from it and sums them. Undefined if a few
 * rows were copied far more often than the others.
 */
function ungather(
  g: GraphBuilder,
  rows: Value,
  axis: number,
  length: number,
  indices: Tensor,
): Value | undefined {
  const count = rows.shape[axis]!;
  if (length > REPEATS * count) return undefined;
  const copies = Array.from({ length }, (): number[] => []);
  toNumbers(indices).forEach((index, i) => copies[index < 0 ? index + length : index]!.push(i));
  const most = copies.reduce((longest, of) => Math.max(longest, of.length), 1);
  if (most * length > REPEATS * count) return undefined;
  // Zeros if a row was copied less often: one for each place, so that every row is read once.
  const missing = most * length - count;
  const end = rows.shape.map((_, at) => (at === axis ? missing : 0));
  const none = end.map(() => 0);
  let zero = count;
  const chosen = copies.flatMap((of) => Array.from({ length: most }, (_, i) => of[i] ?? zero++));
  const padded = padZeros(g, rows, none, end);
  const gathered = g.op("Gather", [padded, g.ints(chosen)], { axis });
  if (most === 1) return gathered;
  const apart = rows.shape.flatMap((dim, at) => (at === axis ? [length, most] : [dim]));
  return g.op("ReduceSum", [reshapeTo(g, gathered, apart), g.ints([axis + 1])], { keepdims: 0 });
}

/**
 * The transpose of slicing one axis of `length` by [start, end) in steps of `step`; if the step is negative,
 * for a `grad` that has been reversed.
 */
function unslice(
  g: GraphBuilder,
  grad: Value,
  axis: number,
  length: number,
  start: number,
  end: number,
  step: number,
): Value {
  const count = grad.shape[axis]!;
  if (count === 0) {
    const shape = grad.shape.map((dim, i) => (i === axis ? length : dim));
    return g.op("Expand", [g.scalar(0, grad), g.ints(shape)]);
  }
  const stride = Math.abs(step);
  const reached = (count - 1) * stride + 1;
  const [taken] = sliceBounds(length, start, end, step);
  const first = step > 0 ? taken : taken - reached + 1;
  const at = (value: number): number[] => grad.shape.map((_, i) => (i === axis ? value : 0));
  return padZeros(g, spread(g, grad, axis, stride), at(first), at(length - first - reached));
}

/** `stride − 1` zeros between the elements along one axis. */
function spread(g: GraphBuilder, x: Value, axis: number, stride: number): Value {
  const count = x.shape[axis]!;
  if (stride === 1 || count === 1) return x;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const apart = reshapeTo(g, x, [...before, count, 1, ...after]);
  const none = apart.shape.map(() => 0);
  const padded = padZeros(
    g,
    apart,
    none,
    none.map((_, i) => (i === axis + 1 ? stride - 1 : 0)),
  );
  const whole = reshapeTo(g, padded, [...before, count * stride, ...after]);
  return sliceAxis(g, whole, axis, 0, (count - 1) * stride + 1);
}
