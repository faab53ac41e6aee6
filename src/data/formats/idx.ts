/**
 * The IDX files of MNIST and its relatives (LeCun, Cortes & Burges, "The MNIST database"):
 * a big-endian magic number 0 0 TYPE RANK, one uint32 a dimension, then the elements.
 */
import { gunzipSync } from "node:zlib";
import { InputError } from "../../errors/index.js";
import { readFileCheckedSync } from "../../files/index.js";

/** An IDX array of unsigned bytes. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Most bytes of an inflated file: ten times MNIST's largest. */
const LARGEST_INFLATED = 2 ** 29;
const UNSIGNED_BYTE = 0x08;
const REMEDY = "Copy the file again from its source; holdfast reads unsigned-byte IDX files, plain or .gz.";

/**
 * Reads one IDX file of unsigned bytes with `rank` dimensions; a name ending in `.gz` is inflated.
 *
 * @throws InputError naming the file if it is missing, not IDX, of another type or rank, or if
 *   its length differs from its header.
 */
export function readIdx(file: string, rank: number): IdxArray {
  return parseIdx(readBytes(file), file, rank);
}

function readBytes(file: string): Uint8Array {
  const bytes = readFileCheckedSync(file);
  if (!file.endsWith(".gz")) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: LARGEST_INFLATED });
  } catch (cause) {
    const problem = `cannot be inflated: ${(cause as Error).message}`;
    throw new InputError({ place: file, problem, remedy: REMEDY, cause });
  }
}

/** Checks and views the bytes of an IDX file; `file` is only its name in errors. */
export function parseIdx(bytes: Uint8Array, file: string, rank: number): IdxArray {
  const refuse = (problem: string): never => {
    throw new InputError({ place: file, problem, remedy: REMEDY });
  };
  if (bytes.length < 4) refuse(`is truncated: ${bytes.length} bytes, but an IDX header starts with 4`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = (UNSIGNED_BYTE << 8) | rank;
  if (magic !== expected) {
    refuse(`is not an IDX file of ${rank}-dimensional bytes: magic ${hex(magic)}, expected ${hex(expected)}`);
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) refuse(`is truncated: ${bytes.length} bytes, but its header alone has ${start}`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (size === 0) refuse(`is empty: its dimensions are ${shape.join(" × ")}`);
  const found = bytes.length - start;
  if (found !== size) {
    const relation = found < size ? "is truncated" : "is too long";
    refuse(`${relation}: ${shape.join(" × ")} needs ${size} bytes of data, found ${found}`);
  }
  return { shape, data: bytes.subarray(start) };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
