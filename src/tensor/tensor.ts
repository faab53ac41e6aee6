import { arrayConstructor, type DataOf, type DType } from "./dtype.js";

/** A dense row-major array on the host. `data.length` equals the product of `shape`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
}

/** Product of the dimensions: 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = Array.from<number>({ length: shape.length }).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

export function sameShape(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/**
 * A tensor over `data` (not copied), or of zeros.
 *
 * @throws RangeError when `data` does not have exactly the elements of `shape`.
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data?: DataOf<D>): Tensor<D> {
  const size = sizeOf(shape);
  if (!Number.isSafeInteger(size) || shape.some((dim) => dim < 0 || !Number.isInteger(dim))) {
    throw new RangeError(`shape [${shape.join(", ")}] is not a list of non-negative integers`);
  }
  const array = data ?? new (arrayConstructor(dtype))(size);
  if (array.length !== size) {
    throw new RangeError(`shape [${shape.join(", ")}] needs ${size} elements, the data has ${array.length}`);
  }
  return Object.freeze({ dtype, shape: Object.freeze([...shape]), data: array });
}

/** float32 tensor from numbers. */
export function float32(shape: readonly number[], values: ArrayLike<number>): Tensor<"float32"> {
  return tensor("float32", shape, Float32Array.from(values));
}

/** int64 tensor from numbers; a scalar when `shape` is `[]`. */
export function int64(shape: readonly number[], values: readonly number[]): Tensor<"int64"> {
  return tensor(
    "int64",
    shape,
    BigInt64Array.from(values, (value) => BigInt(value)),
  );
}

/** Elements as numbers (int64 too, which must be safe integers). */
export function toNumbers(t: Tensor): number[] {
  const numbers = Array.from(t.data as ArrayLike<number | bigint>, Number);
  if (t.dtype === "float16") return numbers.map(halfToNumber);
  if (t.dtype === "bfloat16") return numbers.map(bfloatToNumber);
  return numbers;
}

/** The values, followed by zeros up to `length`: fills a batch. Returns `values` itself if it already has that length. */
export function zeroPadded<T extends Float32Array | Uint32Array | Int32Array>(values: T, length: number): T {
  if (values.length === length) return values;
  const padded = new (values.constructor as new (length: number) => T)(length);
  padded.set(values);
  return padded;
}

/** The nearest safe integer: INT64_MAX, which stands for "to the end" in ONNX, is no number that comes back. */
export function nearestSafeInteger(value: number | bigint): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Number(value)));
}

/** IEEE 754 binary16 bits → number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}

const bits32 = new Uint32Array(1);
const float32View = new Float32Array(bits32.buffer);

/** bfloat16 bits → number: the upper half of a binary32. */
export function bfloatToNumber(bits: number): number {
  bits32[0] = bits << 16;
  return float32View[0]!;
}
