import { describe, expect, it } from "vitest";
import { InputError } from "../errors/index.js";
import { float32, int64, tensor, type Tensor } from "../tensor/index.js";
import { readSafetensors, writeSafetensors } from "./index.js";

const place = "weights.safetensors";

/** A file with this header text and this many bytes after it. */
function file(header: string, body: number, headerLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + body);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape: readonly number[] = [(end - begin) / 4]): object => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const two = (a: object, b: object, body: number): Uint8Array => file(JSON.stringify({ a, b }), body);

describe("safetensors", () => {
  it("survives writing and reading in every type", () => {
    const tensors = new Map<string, Tensor>([
      ["weight", float32([2, 3], [1, 2, 3, 4, 5, 6])],
      ["count", int64([], [3])],
      ["mask", tensor("bool", [3], Uint8Array.of(1, 0, 1))],
      ["empty", float32([0, 4], [])],
      ["__proto__", tensor("float64", [1], Float64Array.of(Math.PI))],
    ]);
    const metadata = new Map([["format", "pt"]]);
    const read = readSafetensors(writeSafetensors(tensors, metadata), { place });
    expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, data] of tensors) expect(read.tensors.get(name), name).toEqual(data);
    expect(read.metadata).toEqual(metadata);
  });

  it("reads tensors at any alignment", () => {
    const bytes = writeSafetensors(new Map([["a", float32([1], [7])]]));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(readSafetensors(shifted.subarray(3), { place }).tensors.get("a")).toEqual(float32([1], [7]));
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /too short/],
    ["a header of more than 100 MB", file("{}", 0, 100_000_001n), /header of 100000001 bytes/],
    ["a header length of 2^64 − 1", file("{}", 0, 2n ** 64n - 1n), /declares a header/],
    ["a header longer than the file", file("{}", 0, 3n), /declares a header/],
    ["a header that is not an object", file("[]", 0), /does not start with \{/],
    ["a header that is not JSON", file('{"a":', 0), /not JSON/],
    [
      "a name twice",
      file(`{"a":${JSON.stringify(entry(0, 4))},"a":${JSON.stringify(entry(0, 4))}}`, 4),
      /twice/,
    ],
    ["a hole", two(entry(0, 4), entry(8, 12), 12), /hole or an overlap before "b"/],
    ["an overlap", two(entry(0, 8), entry(4, 12), 12), /hole or an overlap before "b"/],
    ["bytes of no tensor", file(JSON.stringify({ a: entry(0, 4) }), 8), /4 bytes that belong to no tensor/],
    ["a truncated tensor", file(JSON.stringify({ a: entry(0, 8) }), 5), /ends inside "a"/],
    [
      "a size that overflows",
      file(JSON.stringify({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }), 4),
      /bytes for "a"/,
    ],
    [
      "a size that wraps to the right one",
      file(JSON.stringify({ a: entry(0, 0, [2 ** 52, 2 ** 52, 0]) }), 0),
      /bytes for "a"/,
    ],
    [
      "a shape of another size",
      file(JSON.stringify({ a: entry(0, 4, [2]) }), 4),
      /4 bytes for "a", F32\[2\]/,
    ],
    ["a negative dimension", file(JSON.stringify({ a: entry(0, 4, [-1, -1]) }), 4), /no valid shape/],
    ["offsets in the wrong order", file(JSON.stringify({ a: entry(4, 0, [1]) }), 4), /bytes for "a"/],
    ["an unknown type", file('{"a":{"dtype":"F3","shape":[1],"data_offsets":[0,4]}}', 4), /unknown type F3/],
    ["an entry that is null", file('{"a":null}', 0), /"a"/],
    ["metadata that is null", file('{"__metadata__":null}', 0), /no value for "__metadata__"/],
  ])("refuses %s", (_, bytes, words) => {
    let error: unknown;
    try {
      readSafetensors(bytes, { place });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(words);
  });
});
