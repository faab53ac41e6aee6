/** 4-bit integers: two in a byte of a file, the first in the low half; one in a byte of memory. */
import { bytesPerElement, type DType, type Tensor } from "../tensor/index.js";

const isFourBits = (dtype: DType): boolean => dtype === "int4" || dtype === "uint4";

/** Bytes of `count` elements in a file. */
export function bytesInFile(dtype: DType, count: number): number {
  return isFourBits(dtype) ? Math.ceil(count / 2) : count * bytesPerElement(dtype);
}

/** The bytes of a tensor in a file. They share its memory if they are the same. */
export function fileBytes({ dtype, data }: Tensor): Uint8Array {
  const { buffer, byteOffset, length } = data;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, length * bytesPerElement(dtype));
  if (!isFourBits(dtype)) return bytes;
  return Uint8Array.from({ length: bytesInFile(dtype, length) }, (_, i) => {
    const [low, high] = [bytes[2 * i]!, bytes[2 * i + 1] ?? 0];
    return (low & 15) | ((high & 15) << 4);
  });
}

/** `count` elements in one byte each, from the bytes of a file; bytes of any other type as they are. */
export function unpacked(dtype: DType, bytes: Uint8Array, count: number): Uint8Array {
  if (!isFourBits(dtype)) return bytes;
  return Uint8Array.from({ length: count }, (_, i) => {
    const half = (bytes[i >> 1]! >> (4 * (i & 1))) & 15;
    return dtype === "int4" && half > 7 ? half - 16 : half;
  });
}
