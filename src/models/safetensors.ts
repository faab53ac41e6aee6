import { InputError } from "../errors/index.js";
import {
  arrayConstructor,
  bfloatToNumber,
  bytesPerElement,
  halfToNumber,
  sizeOf,
  tensor,
  type DType,
  type Tensor,
} from "../tensor/index.js";

/** https://github.com/huggingface/safetensors: header length, JSON header, bytes without holes. */
const HEADER_LIMIT = 100_000_000;
const DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U64", "uint64"],
  ["U32", "uint32"],
  ["U16", "uint16"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);
const CODES: ReadonlyMap<DType, string> = new Map([...DTYPES].map(([code, dtype]) => [dtype, code]));

export interface SafetensorsFile {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file from its bytes; every tensor is a copy.
 *
 * @throws InputError if the header is invalid, or tensors overlap, leave holes, or have another
 * number of bytes than their shape requires.
 */
export function readSafetensors(bytes: Uint8Array, { place }: { readonly place: string }): SafetensorsFile {
  const fail = (problem: string): never => {
    throw new InputError({
      place,
      problem,
      remedy: "Write the file again. It is damaged or not a safetensors file.",
    });
  };
  if (bytes.length < 8) fail(`is ${bytes.length} bytes long, too short for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > HEADER_LIMIT || headerLength > bytes.length - 8) {
    fail(`declares a header of ${headerLength} bytes in a file of ${bytes.length}`);
  }
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + headerLength));
  const header = parseHeader(text, fail);
  const body = bytes.subarray(8 + headerLength);
  const entries = [...header.entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, Tensor>();
  let position = 0;
  for (const entry of entries) {
    if (entry.begin !== position) fail(`has a hole or an overlap before "${entry.name}"`);
    if (entry.end > body.length) fail(`ends inside "${entry.name}"`);
    // A new array is aligned; a Buffer's slice would share the file's bytes.
    const data = new Uint8Array(body.subarray(entry.begin, entry.end));
    tensors.set(
      entry.name,
      tensor(entry.dtype, entry.shape, new (arrayConstructor(entry.dtype))(data.buffer) as never),
    );
    position = entry.end;
  }
  if (position !== body.length) fail(`has ${body.length - position} bytes that belong to no tensor`);
  return { tensors, metadata: header.metadata };
}

function parseHeader(
  text: string,
  fail: (problem: string) => never,
): { entries: Entry[]; metadata: Map<string, string> } {
  if (!text.startsWith("{")) fail("has a header that does not start with {");
  let parsed: Record<string, unknown> = {};
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    fail("has a header that is not JSON");
  }
  const names = Object.keys(parsed);
  if (countTopLevelKeys(text) !== names.length) fail("names a tensor twice");
  const metadata = new Map<string, string>();
  const entries: Entry[] = [];
  for (const name of names) {
    const value = (parsed[name] ?? fail(`has no value for "${name}"`)) as Record<string, unknown>;
    if (name === "__metadata__") {
      for (const [key, entry] of Object.entries(value)) metadata.set(key, String(entry));
    } else {
      entries.push(parseEntry(name, value, fail));
    }
  }
  return { entries, metadata };
}

function parseEntry(name: string, value: Record<string, unknown>, fail: (problem: string) => never): Entry {
  const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  const { dtype: code, shape, data_offsets: offsets } = value;
  const dtype = DTYPES.get(String(code)) ?? fail(`has the unknown type ${String(code)} for "${name}"`);
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`has no valid shape for "${name}"`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`has no valid offsets for "${name}"`);
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * bytesPerElement(dtype);
  // Checks partial products too: a dimension of 0 would hide an overflow of the others.
  const overflows = !Number.isSafeInteger(sizeOf(shape.filter((dim) => dim !== 0)));
  if (overflows || end - begin !== size) {
    fail(`has ${end - begin} bytes for "${name}", ${String(code)}[${shape.join(", ")}]`);
  }
  return { name, dtype, shape, begin, end };
}

/** Counts keys at depth 1 including repeated ones, of which JSON.parse keeps only the last. */
function countTopLevelKeys(text: string): number {
  let depth = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      for (i++; text[i] !== '"' && i < text.length; i++) if (text[i] === "\\") i++;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (character === ":" && depth === 1) count++;
  }
  return count;
}

/** The bytes of a safetensors file with `tensors` in their order. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const entries: [string, unknown][] =
    metadata.size === 0 ? [] : [["__metadata__", Object.fromEntries(metadata)]];
  let position = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    entries.push([
      name,
      { dtype: CODES.get(dtype), shape, data_offsets: [position, (position += data.byteLength)] },
    ]);
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  const encoded = new TextEncoder().encode(json);
  // Spaces up to a multiple of 8 keep the tensors aligned.
  const headerLength = Math.ceil(encoded.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + position).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(encoded, 8);
  let at = 8 + headerLength;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** A floating-point tensor as float32; float32 itself is returned unchanged. */
export function asFloat32(t: Tensor): Tensor<"float32"> {
  if (t.dtype === "float32") return t as Tensor<"float32">;
  const data = t.data as ArrayLike<number>;
  const convert = t.dtype === "float16" ? halfToNumber : t.dtype === "bfloat16" ? bfloatToNumber : Number;
  return tensor(
    "float32",
    t.shape,
    Float32Array.from(data, (value) => convert(value)),
  );
}
