import {
  arrayConstructor,
  sizeOf,
  stridesOf,
  isFloat,
  type DataOf,
  type DType,
  type Tensor,
} from "../../tensor/index.js";
import type { OpType } from "../catalogue/index.js";
import type { Node } from "../graph.js";
import type { OutputType } from "../infer.js";

export type Data = DataOf<DType>;
/** A node to evaluate, with known inputs. */
export interface Case<Op extends OpType = OpType> {
  readonly node: Node<Op>;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly type: OutputType;
  readonly shape: readonly number[];
}

export function filled(dtype: DType, length: number, value: number | bigint): Data {
  const data = new (arrayConstructor(dtype))(length) as Data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return data.fill(BigInt(value));
  return data.fill(Number(value));
}

/** Copies the elements at `offset + Σ indexₐ · stridesₐ` into a new array of `shape`. */
export function strided(
  from: Tensor,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Data {
  if (from.data instanceof Float32Array) return stridedFloats(from.data, shape, strides, offset);
  const out = filled(from.dtype, sizeOf(shape), 0);
  const source = from.data;
  const rank = shape.length;
  const index = shape.map(() => 0);
  let position = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = source[position]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * {@link strided} for weights: adversarial training copies tens of millions of elements per batch. Axes that are
 * contiguous in the source are copied as one run.
 */
function stridedFloats(
  source: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  const axes: { length: number; stride: number }[] = [];
  shape.forEach((length, axis) => {
    const stride = strides[axis]!;
    const last = axes.at(-1);
    if (last !== undefined && last.stride === length * stride)
      axes[axes.length - 1] = { length: last.length * length, stride };
    else if (length !== 1) axes.push({ length, stride });
  });
  const { length: run, stride: step } = axes.pop() ?? { length: 1, stride: 1 };
  const index = axes.map(() => 0);
  let position = offset;
  for (let start = 0; start < out.length; start += run) {
    for (let i = 0, from = position; i < run; i++, from += step) out[start + i] = source[from]!;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { length, stride } = axes[axis]!;
      position += stride;
      if (++index[axis]! < length) break;
      position -= stride * length;
      index[axis] = 0;
    }
  }
  return out;
}

export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

export function unary(apply: (x: number) => number): (c: Case) => Data {
  return ({ inputs, type }) => {
    const source = inputs[0]!.data;
    const out = filled(type.dtype, source.length, 0);
    for (let i = 0; i < source.length; i++) {
      const value = source[i]!;
      out[i] = (typeof value === "bigint" ? BigInt(Math.trunc(apply(Number(value)))) : apply(value)) as never;
    }
    return out;
  };
}

export function binary(
  numbers: (a: number, b: number) => number,
  bigints: (a: bigint, b: bigint) => bigint,
): (c: Case) => Data {
  return ({ inputs, shape, type }) => {
    const [a, b] = [inputs[0]!, inputs[1]!].map((input) =>
      input.shape.join() === shape.join()
        ? input.data
        : strided(input, shape, broadcastStrides(input.shape, shape), 0),
    ) as [Data, Data];
    const out = filled(type.dtype, sizeOf(shape), 0);
    const big = typeof a[0] === "bigint";
    for (let i = 0; i < out.length; i++) {
      const value = big ? bigints(a[i] as bigint, b[i] as bigint) : numbers(a[i] as number, b[i] as number);
      if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value && type.dtype === "int64") {
        throw new RangeError(`${value} does not fit int64`);
      }
      // Typed arrays round towards zero and store NaN as 0.
      if (!isFloat(type.dtype) && typeof value === "number" && !Number.isFinite(value)) {
        throw new RangeError("division by zero");
      }
      out[i] = (type.dtype === "bool" ? Number(value) : value) as never;
    }
    return out;
  };
}
