import { arrayConstructor, type DType } from "./dtype.js";
import { sizeOf, tensor, type Tensor } from "./tensor.js";

/** NumPy's array files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
const CODES: ReadonlyMap<DType, string> = new Map<DType, string>([
  ["float32", "<f4"],
  ["float64", "<f8"],
  ["float16", "<f2"],
  ["int8", "|i1"],
  ["int16", "<i2"],
  ["int32", "<i4"],
  ["int64", "<i8"],
  ["uint8", "|u1"],
  ["uint16", "<u2"],
  ["uint32", "<u4"],
  ["uint64", "<u8"],
  ["bool", "|b1"],
]);
const DTYPES: ReadonlyMap<string, DType> = new Map([...CODES].map(([dtype, code]) => [code, dtype]));
const ALIGNMENT = 64;
/** Those of numeric arrays take less than 1 KiB. */
const LONGEST_HEADER = 2 ** 16;

/** A numeric array, or strings (NumPy's fixed-width `<U`). */
export type NpyArray = Tensor | readonly string[];

/** An array as the bytes of an `.npy` file (version 1.0). @throws RangeError for bfloat16, which NumPy lacks. */
export function encodeNpy(array: NpyArray): Uint8Array {
  const isTensor = "dtype" in array;
  const [code, shape, bytes] = isTensor
    ? ([CODES.get(array.dtype), array.shape, bytesOf(array)] as const)
    : stringParts(array);
  if (code === undefined) throw new RangeError("NumPy has no bfloat16; convert it to float32 first");
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  const header = MAGIC.length + 4;
  const padded = Math.ceil((header + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT - header;
  const out = new Uint8Array(header + padded + bytes.length);
  out.set(MAGIC);
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, padded, true);
  out.set(new TextEncoder().encode(`${dictionary.padEnd(padded - 1)}\n`), header);
  out.set(bytes, header + padded);
  return out;
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function stringParts(strings: readonly string[]): readonly [string, readonly number[], Uint8Array] {
  const points = strings.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = points.reduce((most, { length }) => Math.max(most, length), 1);
  const data = new Uint32Array(strings.length * width);
  points.forEach((each, i) => data.set(each, i * width));
  return [`<U${width}`, [strings.length], new Uint8Array(data.buffer)];
}

/**
 * The numeric array in an `.npy` file.
 *
 * @throws RangeError when it is damaged, in Fortran order, or of a type with no counterpart;
 * pickled objects are refused.
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new RangeError("not an .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw new RangeError("an .npy file that ends in its header");
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw new RangeError("an .npy file that ends in its header");
  if (length > LONGEST_HEADER) throw new RangeError(`an .npy file with a header of ${length} bytes`);
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const code = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (code === undefined || dims === undefined)
    throw new RangeError("an .npy file with an unreadable header");
  if (!/'fortran_order':\s*False/.test(header)) throw new RangeError("an .npy file in Fortran order");
  const dtype = DTYPES.get(code);
  if (dtype === undefined) throw new RangeError(`an .npy file of type ${code}, which is not supported`);
  const make = arrayConstructor(dtype);
  const shape = shapeOf(dims);
  const size = sizeOf(shape) * make.BYTES_PER_ELEMENT;
  if (size !== bytes.length - start - length) {
    throw new RangeError(
      `an .npy file with ${bytes.length - start - length} bytes of data where its shape [${shape.join(", ")}] needs ${size}`,
    );
  }
  // A Buffer's own slice would share its memory, header and all.
  const body = Uint8Array.prototype.slice.call(bytes, start + length);
  return tensor(dtype, shape, new make(body.buffer));
}

/** NumPy's own limit of dimensions. */
const LARGEST_RANK = 64;

/** Numbers between commas; more than memory can index are refused before anything is allocated. */
function shapeOf(dims: string): number[] {
  const parts = dims.split(",").map((dim) => dim.trim());
  if (parts.at(-1) === "") parts.pop();
  const shape = parts.map(Number);
  const fits =
    shape.length <= LARGEST_RANK &&
    parts.every((dim) => /^\d{1,15}$/.test(dim)) &&
    Number.isSafeInteger(sizeOf(shape));
  if (!fits) throw new RangeError(`an .npy file of the impossible shape (${dims.slice(0, 80)})`);
  return shape;
}
