/** Element types, by ONNX's meaning. Half floats are kept as their 16 bits, 4-bit integers as one byte each. */

/** Typed array of each element type. */
export interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int4: Int8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint4: Uint8Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

/** Name of an element type. */
export type DType = keyof ArrayOf;

/** The typed array that holds elements of `D`. */
export type DataOf<D extends DType> = ArrayOf[D];

type ArrayConstructor<D extends DType> = {
  new (length: number): DataOf<D>;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): DataOf<D>;
  readonly BYTES_PER_ELEMENT: number;
};

const constructors: { readonly [D in DType]: unknown } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int4: Int8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint4: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** The typed-array constructor of `dtype`. */
export function arrayConstructor<D extends DType>(dtype: D): ArrayConstructor<D> {
  return constructors[dtype] as ArrayConstructor<D>;
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return arrayConstructor(dtype).BYTES_PER_ELEMENT;
}

/** Whether gradients flow through values of this type. */
export function isFloat(dtype: DType): dtype is "float32" | "float64" | "float16" | "bfloat16" {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";
}
