import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeNpy, encodeNpy, encodeNpz, float32, int64, tensor } from "./index.js";

/** The files that `scripts/fixtures/npy.py` had NumPy write. */
const files = (() => {
  const all = new Uint8Array(readFileSync("test/fixtures/arrays.npys"));
  const found: Uint8Array[] = [];
  for (let at = 0; at < all.length;) {
    const length = new DataView(all.buffer, all.byteOffset + at).getUint32(0, true);
    found.push(all.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
})();

test("arrays are written byte for byte as NumPy writes them", () => {
  const ours = [
    float32([1, 3], [1.5, -2, 3.25]),
    int64([3], [1, -1, 2 ** 53]),
    tensor("uint8", [], Uint8Array.of(7)),
    ["mnist/t10k#1", "größe", "𝛆"],
  ];
  ours.forEach((array, i) => expect(encodeNpy(array)).toEqual(files[i]));
});

test("and read again", () => {
  expect(decodeNpy(files[0]!)).toEqual(float32([1, 3], [1.5, -2, 3.25]));
  expect(decodeNpy(files[1]!)).toEqual(int64([3], [1, -1, 2 ** 53]));
});

test("and read from a Buffer, whose own slices share its memory", () => {
  expect(decodeNpy(Buffer.from(files[0]!))).toEqual(float32([1, 3], [1.5, -2, 3.25]));
});

test("what is not a plain array is refused", () => {
  expect(() => decodeNpy(Uint8Array.of(1, 2))).toThrow(/not an .npy/);
  expect(() => decodeNpy(files[0]!.subarray(0, files[0]!.length - 3))).toThrow(RangeError);
  const text = new TextDecoder("latin1").decode(files[0]).replace("'<f4'", "'|O' ");
  expect(() => decodeNpy(Uint8Array.from(text, (c) => c.charCodeAt(0)))).toThrow(/type \|O/);
});

test.each([
  ["a huge shape", "(1000000000000000, 9)"],
  ["a product that overflows", "(99999999999, 99999999999, 0)"],
  ["a negative dimension", "(-1, -3)"],
  ["a fraction", "(1.5, 2)"],
  ["words", "(Infinity,)"],
  ["an absurd rank", `(${"1,".repeat(65)})`],
  ["fewer elements than there are", "(1, 2)"],
  ["more elements than there are", "(1, 400000000)"],
])("a header with %s is refused before anything is allocated", (_, shape) => {
  expect(() =>
    decodeNpy(withHeader(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`)),
  ).toThrow(/^an \.npy file .*shape/);
});

test("a header that is longer than the file is refused", () => {
  const bytes = withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
  new DataView(bytes.buffer).setUint16(8, 0xffff, true);
  expect(() => decodeNpy(bytes)).toThrow(/ends in its header/);
});

/** An array of 12 bytes under a header of one's own. */
function withHeader(header: string): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + 12);
  bytes.set(files[0]!.subarray(0, 8));
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  return bytes;
}

test("an .npz is a zip whose directory points at its arrays", () => {
  const npz = encodeNpz({ a: float32([2], [1, 2]), b: int64([1], [3]) });
  const view = new DataView(npz.buffer);
  const end = npz.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  expect(view.getUint16(end + 10, true)).toBe(2);
  const directory = view.getUint32(end + 16, true);
  expect(view.getUint32(directory, true)).toBe(0x02014b50);
  expect(view.getUint32(view.getUint32(directory + 42, true), true)).toBe(0x04034b50);
});
