/**
 * Reads numeric matrices and structs of a level 5 MAT file (The MathWorks, "MAT-File Format", 2023, chapter 1), as
 * written by MATLAB's `save -v6` and `-v7` and `scipy.io.savemat`. After a header of 128 bytes come elements, each
 * a tag (type, size) and its data. A matrix is an element that contains elements, and may be deflated as a whole.
 */
import { inflateSync } from "node:zlib";
import { refusing } from "../../errors/index.js";

const refused = refusing(
  "Copy the file again from its source, or write it again: save -v7 in MATLAB, scipy.io.savemat in Python.",
);

/** A real array of a MAT file. `data` is in MATLAB's order: the first dimension changes fastest. */
export interface MatArray {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** One element of a struct array: numbers, text, or undefined for anything else. */
export type MatFields = ReadonlyMap<string, MatArray | string | undefined>;

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** The file and, inside a deflated part, its start. */
  readonly place: string;
}

interface Element {
  readonly type: number;
  readonly from: number;
  readonly size: number;
  /** Start of the next element. */
  readonly next: number;
}

const HEADER = 128;
const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const VERSION = 0x0100;
const MOST_INFLATED = 2 ** 26;
const MATRIX = 14;
const COMPRESSED = 15;
/** Arrays of `double`, `single` and integers; logical arrays are stored as uint8. */
const isNumericClass = (code: number): boolean => code >= 6 && code <= 15;
const COMPLEX = 0x0800;
const STRUCT_CLASS = 2;
const TEXT_CLASS = 4;

/** Size of a stored number and how to read it; 64-bit integers beyond 2⁵³ are rounded to a double. */
const STORED: Readonly<Record<number, readonly [number, (v: DataView, at: number, le: boolean) => number]>> =
  {
    1: [1, (view, at) => view.getInt8(at)],
    2: [1, (view, at) => view.getUint8(at)],
    3: [2, (view, at, le) => view.getInt16(at, le)],
    4: [2, (view, at, le) => view.getUint16(at, le)],
    5: [4, (view, at, le) => view.getInt32(at, le)],
    6: [4, (view, at, le) => view.getUint32(at, le)],
    7: [4, (view, at, le) => view.getFloat32(at, le)],
    9: [8, (view, at, le) => view.getFloat64(at, le)],
    12: [8, (view, at, le) => Number(view.getBigInt64(at, le))],
    13: [8, (view, at, le) => Number(view.getBigUint64(at, le))],
  };

/**
 * The real numeric arrays of a MAT-5 file by name; other variables (text, cells, structs, sparse and complex
 * arrays, objects) are ignored.
 *
 * @throws InputError naming `place` if the bytes are not a MAT-5 file, are truncated, contradict themselves,
 *   or inflate to more than 64 MiB.
 */
export function readMat5(bytes: Uint8Array, { place }: { readonly place: string }): Map<string, MatArray> {
  const arrays = new Map<string, MatArray>();
  for (const { block, matrix } of matricesOf(bytes, place)) {
    const found = readMatrix(block, matrix);
    if (found === undefined) continue;
    if (arrays.has(found.name)) throw refused(place, `holds the variable "${found.name}" twice`);
    arrays.set(found.name, { dims: found.dims, data: found.data });
  }
  return arrays;
}

/**
 * The elements of the struct array called `name`, in MATLAB's order; undefined if there is none.
 *
 * @throws InputError as {@link readMat5}.
 */
export function readMat5Struct(
  bytes: Uint8Array,
  name: string,
  { place }: { readonly place: string },
): MatFields[] | undefined {
  for (const { block, matrix } of matricesOf(bytes, place)) {
    const head = readHead(block, matrix);
    if (head?.name === name && head.code === STRUCT_CLASS) return readFields(head);
  }
  return undefined;
}

function* matricesOf(
  bytes: Uint8Array,
  place: string,
): Generator<{ readonly block: Block; readonly matrix: Element }> {
  const file = blockOf(bytes, isLittleEndian(bytes, place), place);
  let inflated = 0;
  for (let at = HEADER; at < bytes.length;) {
    const element = elementAt(file, at, bytes.length);
    at = element.next;
    let block = file;
    let matrix = element;
    if (element.type === COMPRESSED) {
      block = inflatedBlock(file, element, MOST_INFLATED - inflated);
      inflated += block.bytes.length;
      matrix = elementAt(block, 0, block.bytes.length);
    }
    if (matrix.type !== MATRIX) {
      throw refused(block.place, `holds an element of type ${matrix.type} where a matrix should be`);
    }
    yield { block, matrix };
  }
}

function isLittleEndian(bytes: Uint8Array, place: string): boolean {
  if ([0, 512].some((at) => HDF5.every((byte, i) => bytes[at + i] === byte))) {
    throw refused(place, "is a MAT file of version 7.3 (HDF5), which is not read");
  }
  if (bytes.length < HEADER) {
    throw refused(
      place,
      `is not a MAT-5 file: it has ${bytes.length} bytes, but a header alone has ${HEADER}`,
    );
  }
  const mark = String.fromCharCode(bytes[126]!, bytes[127]!);
  if (mark !== "IM" && mark !== "MI")
    throw refused(place, "is not a MAT-5 file: its byte-order mark is missing");
  const littleEndian = mark === "IM";
  const version = new DataView(bytes.buffer, bytes.byteOffset + 124).getUint16(0, littleEndian);
  if (version === VERSION) return littleEndian;
  throw refused(
    place,
    `is a MAT file of version 0x${version.toString(16).padStart(4, "0")}, which is not read`,
  );
}

function blockOf(bytes: Uint8Array, littleEndian: boolean, place: string): Block {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, littleEndian, place };
}

/** The element at `at`, whose tag is long (8 bytes) or small (4 bytes and at most 4 of data), and which must end by `end`. */
function elementAt({ view, littleEndian, place }: Block, at: number, end: number): Element {
  if (end - at < 8)
    throw refused(place, `is truncated: ${end - at} bytes at ${at}, but an element's tag has 8`);
  const first = view.getUint32(at, littleEndian);
  if (first >>> 16 !== 0) {
    const [type, size] = [first & 0xffff, first >>> 16];
    if (size > 4) throw refused(place, `claims ${size} bytes in the 4 of a small element at ${at}`);
    return { type, size, from: at + 4, next: at + 8 };
  }
  const size = view.getUint32(at + 4, littleEndian);
  const from = at + 8;
  if (size > end - from) {
    throw refused(
      place,
      `is truncated: the element at ${at} claims ${size} bytes, but ${end - from} are left`,
    );
  }
  const padded = first === COMPRESSED ? size : Math.ceil(size / 8) * 8;
  return { type: first, size, from, next: Math.min(end, from + padded) };
}

function inflatedBlock(file: Block, { from, size }: Element, most: number): Block {
  const place = `${file.place}, deflated at byte ${from}`;
  try {
    const deflated = file.bytes.subarray(from, from + size);
    return blockOf(inflateSync(deflated, { maxOutputLength: Math.max(1, most) }), file.littleEndian, place);
  } catch (cause) {
    const tooLarge = (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    const problem = tooLarge
      ? `inflates to more than ${MOST_INFLATED / 2 ** 20} MiB in all`
      : `cannot be inflated: ${(cause as Error).message}`;
    throw refused(place, problem, cause);
  }
}

/** The beginning of every matrix: flags, dimensions, name. */
interface Head {
  /** Named after the variable. */
  readonly block: Block;
  readonly code: number;
  readonly complex: boolean;
  readonly name: string;
  readonly shape: Element;
  /** Start and end of its content. */
  readonly from: number;
  readonly end: number;
}

/** Undefined for an empty matrix, and for classes that begin differently (objects, functions) or are not supported. */
function readHead(block: Block, matrix: Element): Head | undefined {
  if (matrix.size === 0) return undefined;
  const end = matrix.from + matrix.size;
  const flags = elementAt(block, matrix.from, end);
  if (flags.type !== 6 || flags.size !== 8) throw refused(block.place, "has a matrix without its flags");
  const word = block.view.getUint32(flags.from, block.littleEndian);
  const code = word & 0xff;
  if (!isNumericClass(code) && code !== STRUCT_CLASS && code !== TEXT_CLASS) return undefined;
  const shape = elementAt(block, flags.next, end);
  const named = elementAt(block, shape.next, end);
  if (named.type !== 1) throw refused(block.place, "has a matrix without a name");
  const name = new TextDecoder().decode(block.bytes.subarray(named.from, named.from + named.size));
  const inside = name === "" ? block : { ...block, place: `${block.place}, variable "${name}"` };
  return {
    block: inside,
    code,
    complex: (word & COMPLEX) !== 0,
    name,
    shape,
    from: named.next,
    end,
  };
}

/** Numbers of a matrix; undefined unless it is real and numeric. */
function readMatrix(block: Block, matrix: Element): (MatArray & { readonly name: string }) | undefined {
  const head = readHead(block, matrix);
  if (head === undefined || !isNumericClass(head.code) || head.complex) return undefined;
  const { block: inside, name, shape, from, end } = head;
  const dims = readDims(inside, shape);
  return { name, dims, data: readNumbers(inside, elementAt(inside, from, end), dims) };
}

/**
 * A struct array: the length of a field name, the names, then a matrix for each field of each element. No memory is
 * allocated for the number of elements that it claims: it ends where its bytes end.
 */
function readFields({ block, shape, from, end }: Head): MatFields[] {
  const count = readDims(block, shape).reduce((product, dim) => product * dim, 1);
  const lengthOf = elementAt(block, from, end);
  const length = lengthOf.size === 4 ? block.view.getInt32(lengthOf.from, block.littleEndian) : 0;
  const listed = elementAt(block, lengthOf.next, end);
  if (
    lengthOf.type !== 5 ||
    listed.type !== 1 ||
    listed.size === 0 ||
    length < 1 ||
    listed.size % length !== 0
  ) {
    throw refused(block.place, "has no field names");
  }
  const names = Array.from({ length: listed.size / length }, (_, i) => {
    const at = listed.from + i * length;
    return new TextDecoder().decode(block.bytes.subarray(at, at + length)).replace(/\0[^]*$/, "");
  });
  const elements: MatFields[] = [];
  let at = listed.next;
  for (let i = 0; i < count; i++) {
    const fields = new Map<string, MatArray | string | undefined>();
    for (const name of names) {
      const matrix = elementAt(block, at, end);
      if (matrix.type !== MATRIX)
        throw refused(block.place, `has no matrix for "${name}" of element ${i + 1}`);
      fields.set(name, readText(block, matrix) ?? readMatrix(block, matrix));
      at = matrix.next;
    }
    elements.push(fields);
  }
  return elements;
}

/** Text of a row of characters; undefined for anything else. */
function readText(block: Block, matrix: Element): string | undefined {
  const head = readHead(block, matrix);
  if (head?.code !== TEXT_CLASS) return undefined;
  const { type, from: start, size } = elementAt(block, head.from, head.end);
  const bytes = block.bytes.subarray(start, start + size);
  // 4: uint16, 17: UTF-16; SciPy writes 16: UTF-8, and MATLAB 1 or 2 for plain letters.
  const encoding = type === 4 || type === 17 ? (block.littleEndian ? "utf-16le" : "utf-16be") : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

function readDims({ view, littleEndian, place }: Block, { type, from, size }: Element): number[] {
  if (type !== 5 || size % 4 !== 0 || size < 8) throw refused(place, "has no dimensions");
  const dims = Array.from({ length: size / 4 }, (_, axis) => view.getInt32(from + 4 * axis, littleEndian));
  if (dims.some((dim) => dim < 0)) throw refused(place, `has the dimensions ${dims.join(" × ")}`);
  return dims;
}

/** Checks dimensions against the size of the data before allocating anything, because dimensions may claim any size. */
function readNumbers(block: Block, { type, from, size }: Element, dims: readonly number[]): Float64Array {
  const [width, get] = STORED[type] ?? [];
  if (width === undefined || get === undefined) {
    throw refused(block.place, `stores its numbers as unknown type ${type}`);
  }
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (count * width !== size) {
    throw refused(block.place, `needs ${dims.join(" × ")} × ${width} bytes of data, found ${size}`);
  }
  return Float64Array.from({ length: count }, (_, i) =>
    get(block.view, from + i * width, block.littleEndian),
  );
}
