import { arrayConstructor, sizeOf, tensor, type DataOf, type DType, type Tensor } from "../tensor/index.js";
import { codeName, dtypeOfCode } from "./element-types.js";
import { bytesInFile, unpacked } from "./four-bits.js";
import { TensorProto_DataLocation, type TensorProto } from "./generated/onnx_pb.js";

/** Where a tensor's bytes lie outside the model. Without a length, they reach to the end of the file. */
export interface ExternalReference {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/** Reads the bytes of a reference. The tensor's shape needs `bytes` of them. */
export type ReadExternal = (reference: ExternalReference, bytes: number) => Uint8Array;

/** Throws an InputError about `what`. */
export type Fail = (what: string, problem: string, remedy?: string) => never;

/** ONNX Runtime's marker for bytes in its own memory. In a file, it would make it read from any address. */
const MEMORY_MARKER = "_ORT_MEM_ADDR_";
const LARGEST_RANK = 64;

/** Reads a tensor from whatever field it is in. The elements are copied. */
export function readTensor(proto: TensorProto, what: string, external: ReadExternal, fail: Fail): Tensor {
  const dtype = dtypeOfCode(proto.dataType);
  if (dtype === undefined) {
    return fail(what, `has elements of type ${codeName(proto.dataType)}, which holdfast does not support`);
  }
  const shape = shapeOf(proto, what, fail);
  const count = sizeOf(shape);
  if (proto.segment !== undefined) fail(what, "is split into segments, which is not supported");
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0) {
    const size = bytesInFile(dtype, count);
    return fromBytes(dtype, shape, external(referenceOf(proto, what, fail), size), what, fail);
  }
  if (proto.rawData.length > 0) return fromBytes(dtype, shape, proto.rawData, what, fail);
  if (dtype === "int4" || dtype === "uint4") {
    return fromBytes(dtype, shape, Uint8Array.from(proto.int32Data), what, fail);
  }
  const typed = typedField(proto, dtype);
  if (typed.length !== count) {
    fail(what, `has ${typed.length} elements but its shape [${shape.join(", ")}] needs ${count}`);
  }
  return tensor(dtype, shape, fromTyped(dtype, typed));
}

function shapeOf(proto: TensorProto, what: string, fail: Fail): number[] {
  if (proto.dims.length > LARGEST_RANK) fail(what, `has ${proto.dims.length} dimensions`);
  let size = 1n;
  for (const dim of proto.dims) {
    if (dim < 0n) fail(what, `has the negative dimension ${dim}`);
    size *= dim;
  }
  if (size > 2n ** 50n || proto.dims.some((dim) => dim >= 2n ** 31n))
    fail(what, `has an absurd shape [${proto.dims.join(", ")}]`);
  return proto.dims.map(Number);
}

function referenceOf(proto: TensorProto, what: string, fail: Fail): ExternalReference {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const whole = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
      fail(what, `names external data with the ${key} "${text.slice(0, 40)}"`);
    }
    return value;
  };
  const location = entries.get("location") ?? "";
  if (location.includes(MEMORY_MARKER)) {
    fail(what, "claims to be in ONNX Runtime's own memory, which no file may", "Do not trust this file.");
  }
  return { location, offset: whole("offset") ?? 0, length: whole("length") };
}

/** Copies the bytes, because raw data may be unaligned in the file. */
function fromBytes(
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array,
  what: string,
  fail: Fail,
): Tensor {
  const size = bytesInFile(dtype, sizeOf(shape));
  if (bytes.length !== size) {
    fail(what, `has ${bytes.length} bytes but its shape [${shape.join(", ")}] of ${dtype} needs ${size}`);
  }
  const { buffer } = new Uint8Array(unpacked(dtype, bytes, sizeOf(shape)));
  return tensor(dtype, shape, new (arrayConstructor(dtype))(buffer));
}

/** The field that the specification assigns to a type. Small integers and halves are in `int32_data`. */
function typedField(proto: TensorProto, dtype: DType): readonly (number | bigint)[] {
  switch (dtype) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data;
    case "uint32":
    case "uint64":
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}

function fromTyped(dtype: DType, values: readonly (number | bigint)[]): DataOf<DType> {
  const data = new (arrayConstructor(dtype))(values.length);
  if (dtype === "int64" || dtype === "uint64") {
    values.forEach((value, i) => ((data as BigInt64Array)[i] = BigInt(value)));
  } else {
    values.forEach((value, i) => ((data as Float32Array)[i] = Number(value)));
  }
  return data;
}
