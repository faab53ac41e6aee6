import type { ShapingOp } from "../../src/graph/index.js";
import { at, broadcastAt, nd, put, reshape, type Nd } from "./array.js";
import { numbersOf, type Kernel, type Kernels } from "./kernel.js";

const reshaped: Kernel = ({ inputs: [x], shapes: [shape] }) => [reshape(x!, shape!)];
export const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const listOf = (x: Nd | undefined): number[] | undefined => (x === undefined ? undefined : [...x.data]);

/** ONNX's clamping: a negative step starts at most at the last element and may end before the first. */
function sliceStart(start: number, length: number, step: number): number {
  const from = wrap(start, length);
  return step > 0 ? Math.min(length, Math.max(0, from)) : Math.min(length - 1, Math.max(0, from));
}

/** Where a place beside an axis is read; undefined where it is filled. */
function paddedFrom(place: number, length: number, mode: string): number | undefined {
  if (place >= 0 && place < length) return place;
  if (mode === "edge") return place < 0 ? 0 : length - 1;
  if (mode === "wrap") return place < 0 ? place + length : place - length;
  if (mode === "reflect") return place < 0 ? -place : 2 * (length - 1) - place;
  return undefined;
}

/** What scattering makes of an element and its update. */
export const COMBINE: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

export const SHAPING_KERNELS: Kernels<ShapingOp> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: ({ inputs: [x], shapes: [shape], attributes }) => {
    const perm = attributes.perm ?? x!.shape.map((_, axis) => x!.shape.length - 1 - axis);
    const source = x!.shape.map(() => 0);
    return [
      nd(shape!, (index) => {
        perm.forEach((axis, i) => (source[axis] = index[i]!));
        return at(x!, source);
      }),
    ];
  },
  Expand: ({ inputs: [x], shapes: [shape] }) => [nd(shape!, (index) => broadcastAt(x!, index))],
  Concat: ({ inputs, shapes: [shape], attributes }) => {
    const axis = wrap(attributes.axis, shape!.length);
    return [
      nd(shape!, (index) => {
        let place = index[axis]!;
        const part = inputs.find((x) => {
          if (place < x!.shape[axis]!) return true;
          place -= x!.shape[axis]!;
          return false;
        })!;
        return at(part, index.with(axis, place));
      }),
    ];
  },
  Split: ({ inputs: [x], shapes, attributes }) => {
    const axis = wrap(attributes.axis, x!.shape.length);
    let before = 0;
    return shapes.map((shape) => {
      const offset = before;
      before += shape[axis]!;
      return nd(shape, (index) => at(x!, index.with(axis, index[axis]! + offset)));
    });
  },
  Slice: ({ inputs: [x, starts, , axes, steps], shapes: [shape] }) => {
    const rank = x!.shape.length;
    const along = (listOf(axes) ?? listOf(starts)!.map((_, i) => i)).map((axis) => wrap(axis, rank));
    return [
      nd(shape!, (index) => {
        const source = [...index];
        along.forEach((axis, i) => {
          const step = steps?.data[i] ?? 1;
          source[axis] = sliceStart(starts!.data[i]!, x!.shape[axis]!, step) + index[axis]! * step;
        });
        return at(x!, source);
      }),
    ];
  },
  Pad: ({ inputs: [x, pads, value, axes], shapes: [shape], attributes }) => {
    const rank = x!.shape.length;
    const along = listOf(axes)?.map((axis) => wrap(axis, rank)) ?? x!.shape.map((_, axis) => axis);
    return [
      nd(shape!, (index) => {
        const source = [...index];
        along.forEach((axis, i) => (source[axis]! -= pads!.data[i]!));
        const read = source.map((place, axis) => paddedFrom(place, x!.shape[axis]!, attributes.mode));
        return read.every((place) => place !== undefined) ? at(x!, read) : (value?.data[0] ?? 0);
      }),
    ];
  },
  Gather: ({ inputs: [x, indices], shapes: [shape], attributes }) => {
    const axis = wrap(attributes.axis, x!.shape.length);
    const inner = indices!.shape.length;
    return [
      nd(shape!, (index) => {
        const place = wrap(at(indices!, index.slice(axis, axis + inner)), x!.shape[axis]!);
        return at(x!, [...index.slice(0, axis), place, ...index.slice(axis + inner)]);
      }),
    ];
  },
  GatherElements: ({ inputs: [x, indices], shapes: [shape], attributes }) => {
    const axis = wrap(attributes.axis, x!.shape.length);
    return [nd(shape!, (index) => at(x!, index.with(axis, wrap(at(indices!, index), x!.shape[axis]!))))];
  },
  ScatterElements: ({ inputs: [x, indices, updates], attributes }) => {
    const axis = wrap(attributes.axis, x!.shape.length);
    const out: Nd = { shape: x!.shape, data: x!.data.slice() };
    const combine = COMBINE[attributes.reduction]!;
    nd(indices!.shape, (index) => {
      const place = index.with(axis, wrap(at(indices!, index), x!.shape[axis]!));
      put(out, place, combine(at(out, place), at(updates!, index)));
      return 0;
    });
    return [out];
  },
  Shape: ({ inputs: [x], attributes }) => {
    const dims = x!.shape.slice(attributes.start, attributes.end);
    return [{ shape: [dims.length], data: Float64Array.from(dims) }];
  },
  Size: ({ inputs: [x] }) => [{ shape: [], data: Float64Array.of(x!.data.length) }],
  ConstantOfShape: ({ shapes: [shape], attributes: { value } }) => {
    return [nd(shape!, () => (value === undefined ? 0 : numbersOf(value)[0]!))];
  },
};
