import { sizeOf, stridesOf, toNumbers, type Tensor } from "../../tensor/index.js";
import { attributesOf, type OpType } from "../catalogue/index.js";
import { numberOf } from "../catalogue/indexing.js";
import { filled, strided, type Case, type Data } from "./evaluate-elements.js";

type Evaluators = { readonly [Op in OpType]?: (c: Case<Op>) => Data };
/** Elements of a typed array: bigints if it has 64-bit integers. */
type Elements = (number | bigint)[];

const wrap = (index: number, length: number): number => (index < 0 ? index + length : index);

/** The index along one axis of the element at a flat position. */
const placeOf = (position: number, stride: number, length: number): number =>
  Math.floor(position / stride) % length;

function copied({ dtype, data }: Tensor): Data {
  const out = filled(dtype, data.length, 0);
  out.set(data as never);
  return out;
}

type Combine = (old: number | bigint, update: number | bigint) => number | bigint;

const COMBINE: Readonly<Record<string, Combine>> = {
  none: (_, update) => update,
  add: (old, update) => (old as number) + (update as number),
  mul: (old, update) => (old as number) * (update as number),
  max: (old, update) => (update > old ? update : old),
  min: (old, update) => (update < old ? update : old),
};

/** The flat start positions of the slices that multi-coordinate indices point to. */
function starts(indices: Tensor, from: Tensor, batch: number): number[] {
  const strides = stridesOf(from.shape);
  const count = indices.shape.at(-1)!;
  const numbers = toNumbers(indices);
  const total = sizeOf(indices.shape.slice(0, -1));
  const inBatch = total / sizeOf(indices.shape.slice(0, batch));
  const block = sizeOf(from.shape.slice(batch));
  return Array.from({ length: total }, (_, i) => {
    let start = Math.floor(i / inBatch) * block;
    for (let j = 0; j < count; j++) {
      const length = from.shape[batch + j]!;
      const index = wrap(numbers[i * count + j]!, length);
      if (index < 0 || index >= length)
        throw new RangeError(`index ${index} is outside an axis of ${length}`);
      start += index * strides[batch + j]!;
    }
    return start;
  });
}

function elementPlaces(indices: Tensor, from: Tensor, given: number): number[] {
  const axis = wrap(given, from.shape.length);
  const [inner, outer] = [stridesOf(indices.shape), stridesOf(from.shape)];
  return toNumbers(indices).map((index, position) => {
    const place = wrap(index, from.shape[axis]!);
    if (place < 0 || place >= from.shape[axis]!) {
      throw new RangeError(`index ${index} is outside an axis of ${from.shape[axis]}`);
    }
    let at = place * outer[axis]!;
    for (let d = 0; d < indices.shape.length; d++) {
      if (d !== axis) at += placeOf(position, inner[d]!, indices.shape[d]!) * outer[d]!;
    }
    return at;
  });
}

/** Ops that only move elements. Nothing is rounded, whatever the type. */
export const INDEXING_EVALUATORS: Evaluators = {
  Tile: ({ inputs, shape, type }) => {
    const from = inputs[0]!;
    const strides = stridesOf(from.shape);
    const out = filled(type.dtype, sizeOf(shape), 0);
    const outer = stridesOf(shape);
    for (let i = 0; i < out.length; i++) {
      let at = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        at += (placeOf(i, outer[axis]!, shape[axis]!) % from.shape[axis]!) * strides[axis]!;
      }
      out[i] = from.data[at]!;
    }
    return out;
  },
  Range: ({ inputs, shape, type }) => {
    const [start, , delta] = inputs.map((input) => input!.data[0]!);
    const out = filled(type.dtype, shape[0]!, 0);
    for (let i = 0; i < out.length; i++) {
      out[i] = (
        typeof start === "bigint" ? start + BigInt(i) * (delta as bigint) : start! + i * (delta as number)
      ) as never;
    }
    return out;
  },
  GatherND: ({ node, inputs, shape, type }) => {
    const [from, indices] = [inputs[0]!, inputs[1]!];
    const { batch_dims: batch } = attributesOf(node);
    const length = sizeOf(from.shape.slice(batch + indices.shape.at(-1)!));
    const out = filled(type.dtype, sizeOf(shape), 0);
    starts(indices, from, batch).forEach((start, i) => {
      out.set(from.data.subarray(start, start + length) as never, i * length);
    });
    return out;
  },
  ScatterND: ({ node, inputs }) => {
    const [from, indices, updates] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const out = copied(from) as unknown as Elements;
    const combine = COMBINE[attributesOf(node).reduction]!;
    const length = sizeOf(from.shape.slice(indices.shape.at(-1)));
    starts(indices, from, 0).forEach((start, i) => {
      for (let j = 0; j < length; j++) {
        out[start + j] = combine(out[start + j]!, updates.data[i * length + j]!);
      }
    });
    return out as unknown as Data;
  },
  GatherElements: ({ node, inputs, type }) => {
    const [from, indices] = [inputs[0]!, inputs[1]!];
    const out = filled(type.dtype, indices.data.length, 0);
    elementPlaces(indices, from, attributesOf(node).axis).forEach((at, i) => (out[i] = from.data[at]!));
    return out;
  },
  ScatterElements: ({ node, inputs }) => {
    const [from, indices, updates] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const out = copied(from) as unknown as Elements;
    const { axis, reduction } = attributesOf(node);
    const combine = COMBINE[reduction]!;
    elementPlaces(indices, from, axis).forEach((at, i) => (out[at] = combine(out[at]!, updates.data[i]!)));
    return out as unknown as Data;
  },
  Trilu: ({ node, inputs, shape }) => {
    const out = copied(inputs[0]!);
    const k = numberOf(inputs[1], 0);
    const [rows, columns] = shape.slice(-2) as [number, number];
    const zero = (typeof out[0] === "bigint" ? 0n : 0) as never;
    const { upper } = attributesOf(node);
    for (let i = 0; i < out.length; i++) {
      const above = placeOf(i, 1, columns) - placeOf(i, columns, rows) - k;
      if (upper === 1 ? above < 0 : above > 0) out[i] = zero;
    }
    return out;
  },
  CumSum: ({ node, inputs, shape }) => {
    const from = inputs[0]!;
    const { exclusive, reverse } = attributesOf(node);
    const axis = wrap(numberOf(inputs[1], 0), shape.length);
    const [length, stride] = [shape[axis]!, stridesOf(shape)[axis]!];
    const out = copied(from) as unknown as Elements;
    for (let first = 0; first < out.length; first++) {
      if (placeOf(first, stride, length) !== 0) continue;
      let total = (typeof out[0] === "bigint" ? 0n : 0) as number;
      for (let step = 0; step < length; step++) {
        const at = first + (reverse === 1 ? length - 1 - step : step) * stride;
        const before = total;
        total += from.data[at] as number;
        out[at] = exclusive === 1 ? before : total;
      }
    }
    return out as unknown as Data;
  },
  OneHot: ({ node, inputs, shape, type }) => {
    const [indices, , values] = [inputs[0]!, inputs[1], inputs[2]!];
    const axis = wrap(attributesOf(node).axis, shape.length);
    const [depth, stride] = [shape[axis]!, stridesOf(shape)[axis]!];
    const out = filled(type.dtype, sizeOf(shape), values.data[0]!);
    toNumbers(indices).forEach((index, i) => {
      const place = wrap(index, depth);
      if (place < 0 || place >= depth) return;
      out[Math.floor(i / stride) * stride * depth + place * stride + (i % stride)] = values.data[1]!;
    });
    return out;
  },
  EyeLike: ({ node, shape, type }) => {
    const out = filled(type.dtype, sizeOf(shape), 0);
    const [rows, columns] = shape as [number, number];
    const one = (typeof out[0] === "bigint" ? 1n : 1) as never;
    const { k } = attributesOf(node);
    for (let i = Math.max(0, -k); i < rows && i + k < columns; i++) out[i * columns + i + k] = one;
    return out;
  },
  Pad: ({ node, inputs, shape, type }) => {
    const [from, pads, value, axes] = inputs;
    const numbers = toNumbers(pads!);
    const along = axes === undefined ? from!.shape.map((_, axis) => axis) : toNumbers(axes);
    const before = from!.shape.map(() => 0);
    along.forEach((axis, i) => (before[wrap(axis, shape.length)] = numbers[i]!));
    const { mode } = attributesOf(node);
    const out = filled(type.dtype, sizeOf(shape), value?.data[0] ?? 0);
    const [outer, inner] = [stridesOf(shape), stridesOf(from!.shape)];
    for (let i = 0; i < out.length; i++) {
      let at: number | undefined = 0;
      for (let axis = 0; axis < shape.length && at !== undefined; axis++) {
        const place = paddedFrom(
          placeOf(i, outer[axis]!, shape[axis]!) - before[axis]!,
          from!.shape[axis]!,
          mode,
        );
        at = place === undefined ? undefined : at + place * inner[axis]!;
      }
      if (at !== undefined) out[i] = from!.data[at]!;
    }
    return out;
  },
};

/** The source index of a padded position; undefined if it is filled with the constant. */
export function paddedFrom(place: number, length: number, mode: string): number | undefined {
  if (place >= 0 && place < length) return place;
  if (mode === "edge") return place < 0 ? 0 : length - 1;
  if (mode === "wrap") return ((place % length) + length) % length;
  if (mode !== "reflect") return undefined;
  return place < 0 ? -place : 2 * (length - 1) - place;
}

/** The pieces of a Split. */
export function split({ inputs }: Case, axis: number, shapes: readonly (readonly number[])[]): Data[] {
  const from = inputs[0]!;
  const strides = stridesOf(from.shape);
  let start = 0;
  return shapes.map((shape) => {
    const offset = start * strides[axis]!;
    start += shape[axis]!;
    return strided(from, shape, strides, offset);
  });
}
