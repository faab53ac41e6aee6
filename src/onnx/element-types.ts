import type { DType } from "../tensor/index.js";
import { TensorProto_DataType as OnnxType } from "./generated/onnx_pb.js";

/** ONNX's element types that holdfast supports, with its names for them. */
const NAMES: ReadonlyMap<number, DType> = new Map<number, DType>([
  [OnnxType.FLOAT, "float32"],
  [OnnxType.DOUBLE, "float64"],
  [OnnxType.FLOAT16, "float16"],
  [OnnxType.BFLOAT16, "bfloat16"],
  [OnnxType.INT4, "int4"],
  [OnnxType.INT8, "int8"],
  [OnnxType.INT16, "int16"],
  [OnnxType.INT32, "int32"],
  [OnnxType.INT64, "int64"],
  [OnnxType.UINT4, "uint4"],
  [OnnxType.UINT8, "uint8"],
  [OnnxType.UINT16, "uint16"],
  [OnnxType.UINT32, "uint32"],
  [OnnxType.UINT64, "uint64"],
  [OnnxType.BOOL, "bool"],
]);
const CODES: ReadonlyMap<DType, number> = new Map([...NAMES].map(([code, name]) => [name, code]));

/** The element type for ONNX's number; undefined for strings, complex numbers, and floats and integers of less than 16 and 4 bits. */
export function dtypeOfCode(code: number): DType | undefined {
  return NAMES.get(code);
}

/** ONNX's number of an element type. */
export function codeOfDType(dtype: DType): number {
  return CODES.get(dtype)!;
}

/** ONNX's name for an element type number, for messages. */
export function codeName(code: number): string {
  return OnnxType[code] ?? `type ${code}`;
}
