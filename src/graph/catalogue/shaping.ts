import { type DType } from "../../tensor/index.js";
import { addDims, productOf, quotientOf } from "../dims.js";
import type { Dim } from "../graph.js";
import { checkReduction } from "./indexing.js";
import {
  broadcastShapes,
  checkInts,
  flat,
  known,
  normaliseAxis,
  operator,
  ShapeError,
  type InputType,
} from "../infer.js";

const PAD_MODES: ReadonlySet<string> = new Set(["constant", "reflect", "edge", "wrap"]);

/** @throws ShapeError unless indices are integers, and those known before running lie within their axis. */
function checkIndices({ dtype, constant }: InputType, length: Dim): void {
  if (dtype !== "int64" && dtype !== "int32") throw new ShapeError(`indices must be int64, found ${dtype}`);
  if (constant === undefined || typeof length !== "number") return;
  for (const index of constant.data) {
    if (index < -length || index >= length)
      throw new ShapeError(`index ${index} is outside an axis of ${length}`);
  }
}

/** Ops that move elements and ops that compute with shapes. */
export const SHAPING = {
  Reshape: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { allowzero: { kind: "int", default: 0 } },
    infer: ({ input, constantDims, attributes }) => {
      const { dtype, shape } = input(0);
      return [{ dtype, shape: reshaped(shape, constantDims(1, "shape"), attributes.allowzero === 1) }];
    },
  }),
  Flatten: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: 1 } },
    infer: ({ input, attributes }) => {
      const { dtype, shape } = input(0);
      // The split may lie before the first axis or behind the last: one more position than there are axes.
      const axis =
        attributes.axis === shape.length ? shape.length : normaliseAxis(attributes.axis, shape.length);
      return [{ dtype, shape: [productOf(shape.slice(0, axis)), productOf(shape.slice(axis))] }];
    },
  }),
  Transpose: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { perm: { kind: "ints" } },
    infer: ({ input, attributes }) => {
      const { dtype, shape } = input(0);
      const perm = attributes.perm ?? shape.map((_, axis) => shape.length - 1 - axis);
      if (perm.length !== shape.length || new Set(perm).size !== perm.length) {
        throw new ShapeError(`perm [${perm.join(", ")}] is not a permutation of ${shape.length} axes`);
      }
      return [{ dtype, shape: perm.map((axis) => shape[normaliseAxis(axis, shape.length)]!) }];
    },
  }),
  Squeeze: operator({
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input, optional, constantInts }) => {
      const { dtype, shape } = input(0);
      const axes =
        optional(1) === undefined
          ? shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []))
          : constantInts(1, "axes").map((axis) => normaliseAxis(axis, shape.length));
      const other = axes.find((axis) => shape[axis] !== 1);
      if (other !== undefined) throw new ShapeError(`axis ${other} of [${shape.join(", ")}] is not 1`);
      return [{ dtype, shape: shape.filter((_, axis) => !axes.includes(axis)) }];
    },
  }),
  Unsqueeze: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input, constantInts }) => {
      const { dtype, shape } = input(0);
      const given = constantInts(1, "axes");
      const rank = shape.length + given.length;
      const axes = new Set(given.map((axis) => normaliseAxis(axis, rank)));
      const rest = [...shape];
      return [
        { dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) },
      ];
    },
  }),
  Expand: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input, constantDims }) => [
      { dtype: input(0).dtype, shape: broadcastShapes(input(0).shape, constantDims(1, "shape")) },
    ],
  }),
  Concat: operator({
    inputs: [1, Infinity],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", required: true } },
    infer: ({ input, inputCount, attributes }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      let total: Dim = 0;
      for (let i = 0; i < inputCount; i++) {
        const part = input(i);
        if (
          part.dtype !== dtype ||
          part.shape.length !== shape.length ||
          !shape.every((dim, at) => at === axis || part.shape[at] === dim)
        ) {
          throw new ShapeError(`[${shape.join(", ")}] and [${part.shape.join(", ")}] do not concatenate`);
        }
        const longer = addDims(total, part.shape[axis]!);
        if (longer === undefined) {
          throw new ShapeError(`the concatenated length ${total} + ${part.shape[axis]} is not known`);
        }
        total = longer;
      }
      return [{ dtype, shape: shape.map((dim, at) => (at === axis ? total : dim)) }];
    },
  }),
  Split: operator({
    inputs: [1, 2],
    outputs: [1, Infinity],
    // The number of outputs decides how the input is split, so unused ones stay.
    obligatoryOutputs: () => Infinity,
    attributes: { axis: { kind: "int", default: 0 }, num_outputs: { kind: "int" } },
    infer: ({ input, optional, constantInts, attributes, outputCount }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      const equal = optional(1) === undefined ? quotientOf(shape[axis]!, outputCount) : undefined;
      if (typeof equal === "string") {
        return Array.from({ length: outputCount }, () => ({ dtype, shape: shape.with(axis, equal) }));
      }
      const length = known(shape[axis], `axis ${axis}`);
      const chunk = Math.ceil(length / outputCount);
      const sizes =
        optional(1) === undefined
          ? Array.from({ length: outputCount }, (_, i) => Math.min(chunk, length - i * chunk))
          : constantInts(1, "split");
      if (sizes.length !== outputCount || sizes.reduce((sum, size) => sum + size, 0) !== length) {
        throw new ShapeError(`${length} elements do not split into ${outputCount}: [${sizes.join(", ")}]`);
      }
      return sizes.map((size) => ({ dtype, shape: shape.map((dim, at) => (at === axis ? size : dim)) }));
    },
  }),
  Slice: operator({
    inputs: [3, 5],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input, optional, constantInts, constantDims }) => {
      const { dtype, shape } = input(0);
      const starts = constantDims(1, "starts");
      const ends = constantDims(2, "ends");
      const axes = optional(3) === undefined ? starts.map((_, i) => i) : constantInts(3, "axes");
      const steps = optional(4) === undefined ? starts.map(() => 1) : constantInts(4, "steps");
      const lengths = [starts, ends, axes, steps].map((list) => list.length);
      if (new Set(lengths).size > 1)
        throw new ShapeError(`starts, ends, axes, steps have lengths ${lengths.join(", ")}`);
      if (steps.includes(0)) throw new ShapeError("a step must not be 0");
      const result: Dim[] = [...shape];
      axes.forEach((given, i) => {
        const axis = normaliseAxis(given, shape.length);
        result[axis] = slicedLength(result[axis]!, starts[i]!, ends[i]!, steps[i]!, axis);
      });
      return [{ dtype, shape: result }];
    },
  }),
  Pad: operator({
    inputs: [2, 4],
    outputs: [1, 1],
    attributes: { mode: { kind: "string", default: "constant" } },
    infer: ({ input, optional, constantInts, attributes }) => {
      const { dtype, shape } = input(0);
      const pads = constantInts(1, "pads");
      const mode = attributes.mode;
      if (!PAD_MODES.has(mode)) throw new ShapeError(`unknown mode "${mode}"`);
      const axes =
        optional(3) === undefined
          ? shape.map((_, axis) => axis)
          : constantInts(3, "axes").map((axis) => normaliseAxis(axis, shape.length));
      checkInts(pads, "pads", { count: 2 * axes.length, least: -(2 ** 31) });
      const result: Dim[] = [...shape];
      axes.forEach((axis, i) => {
        const [before, after] = [pads[i]!, pads[i + axes.length]!];
        if (before === 0 && after === 0) return;
        const length = known(shape[axis], `axis ${axis}`);
        // A reflection does not repeat the element at the edge.
        const most = mode === "reflect" ? length - 1 : mode === "wrap" ? length : Infinity;
        const isMixed = mode !== "constant" && before * after < 0;
        if (Math.max(before, after) > most || Math.min(before, after) < -length || isMixed) {
          throw new ShapeError(
            `axis ${axis} of ${length} cannot be padded by ${before} and ${after} (${mode})`,
          );
        }
        result[axis] = length + before + after;
      });
      return [{ dtype, shape: result }];
    },
  }),
  Gather: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: 0 } },
    infer: ({ input, attributes }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      checkIndices(input(1), shape[axis]!);
      return [{ dtype, shape: [...shape.slice(0, axis), ...input(1).shape, ...shape.slice(axis + 1)] }];
    },
  }),
  GatherElements: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: 0 } },
    infer: ({ input, attributes }) => {
      const [{ dtype, shape }, indices] = [input(0), input(1)];
      const axis = normaliseAxis(attributes.axis, shape.length);
      if (indices.shape.length !== shape.length)
        throw new ShapeError("indices must have the rank of the data");
      checkIndices(indices, shape[axis]!);
      return [{ dtype, shape: indices.shape }];
    },
  }),
  ScatterElements: operator({
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: 0 }, reduction: { kind: "string", default: "none" } },
    infer: ({ input, attributes }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      const [indices, updates] = [input(1), input(2)];
      checkReduction(attributes.reduction);
      checkIndices(indices, shape[axis]!);
      if (indices.shape.length !== shape.length || indices.shape.join() !== updates.shape.join()) {
        throw new ShapeError(
          `indices [${indices.shape.join(", ")}] and updates [${updates.shape.join(", ")}] do not fit [${shape.join(", ")}]`,
        );
      }
      return [{ dtype, shape }];
    },
  }),
  Shape: flat(
    operator({
      inputs: [1, 1],
      outputs: [1, 1],
      attributes: { start: { kind: "int", default: 0 }, end: { kind: "int" } },
      infer: ({ input, attributes }) => {
        const rank = input(0).shape.length;
        const clamp = (axis: number): number => Math.min(rank, Math.max(0, axis < 0 ? axis + rank : axis));
        const { start, end } = attributes;
        const length = clamp(end ?? rank) - clamp(start);
        return [{ dtype: "int64", shape: [Math.max(0, length)] }];
      },
    }),
  ),
  Size: flat(
    operator({
      inputs: [1, 1],
      outputs: [1, 1],
      attributes: {},
      infer: () => [{ dtype: "int64", shape: [] }],
    }),
  ),
  ConstantOfShape: flat(
    operator({
      inputs: [1, 1],
      outputs: [1, 1],
      attributes: { value: { kind: "tensor" } },
      infer: ({ constantDims, attributes }) => {
        const { value } = attributes;
        if (value !== undefined && value.data.length !== 1)
          throw new ShapeError("its value must be one element");
        const dtype: DType = value?.dtype ?? "float32";
        return [{ dtype, shape: constantDims(0, "shape") }];
      },
    }),
  ),
};

export type ShapingOp = keyof typeof SHAPING;

function reshaped(from: readonly Dim[], to: readonly Dim[], allowZero: boolean): Dim[] {
  const shape: Dim[] = to.map((dim, axis) => (dim === 0 && !allowZero ? (from[axis] ?? NaN) : dim));
  const free = shape.indexOf(-1);
  const size = productOf(from);
  const rest = productOf(shape.filter((_, axis) => axis !== free));
  const left = free < 0 ? (size === rest ? 1 : undefined) : quotientOf(size, rest);
  if (left === undefined) {
    throw new ShapeError(`[${from.join(", ")}] cannot be reshaped to [${to.join(", ")}]`);
  }
  if (free >= 0) shape[free] = left;
  return shape;
}

/** The number of elements that a slice keeps of an axis. Of an open axis it must keep all, or one at an end. */
function slicedLength(dim: Dim, start: Dim, end: Dim, step: number, axis: number): Dim {
  if (typeof dim === "number" && typeof start === "number" && typeof end === "number") {
    const [first, last] = sliceBounds(dim, start, end, step);
    return Math.max(0, Math.ceil((last - first) / step));
  }
  const isEnd = end === dim || (typeof end === "number" && end >= FARTHEST);
  if (step === 1 && start === 0 && isEnd) return dim;
  // An open dimension has at least one element.
  if (step === 1 && ((start === 0 && end === 1) || (start === -1 && isEnd))) return 1;
  if (step === -1 && start === -1 && typeof end === "number" && end <= -FARTHEST) return dim;
  throw new ShapeError(`axis ${axis} must be a known number, found "${dim}" sliced from ${start} to ${end}`);
}

/** Exporters write this number for the end of an axis, whatever its length. */
const FARTHEST = 2 ** 31 - 1;

/** Clamps a slice to an axis of `length` elements, as ONNX does. */
export function sliceBounds(length: number, start: number, end: number, step: number): [number, number] {
  const wrap = (index: number): number => (index < 0 ? index + length : index);
  const clamp = (index: number, low: number, high: number): number => Math.min(high, Math.max(low, index));
  return step > 0
    ? [clamp(wrap(start), 0, length), clamp(wrap(end), 0, length)]
    : [clamp(wrap(start), 0, length - 1), clamp(wrap(end), -1, length - 1)];
}
