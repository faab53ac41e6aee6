import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InputError } from "../../errors/index.js";
import { readMat5, readMat5Struct, type MatArray, type MatFields } from "./mat5.js";

const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../../test/fixtures/mat5/${name}`, import.meta.url)));
const values = JSON.parse(fixture("values.json").toString()) as Record<
  string,
  Record<string, { readonly dims: number[]; readonly data: number[] }>
>;
const read = (bytes: Uint8Array): Map<string, MatArray> => readMat5(bytes, { place: "splits.mat" });

describe("MAT-5 files are read as by SciPy", () => {
  test.each([
    ["plain.mat", "plain"],
    ["compressed.mat", "plain"],
    ["big-endian.mat", "big-endian"],
  ])("%s", (file, expected) => {
    const found = [...read(fixture(file))].map(([name, { dims, data }]) => [name, { dims, data: [...data] }]);
    expect(Object.fromEntries(found)).toEqual(values[expected]);
  });

  test("a file inside a larger buffer", () => {
    const bytes = fixture("plain.mat");
    const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(read(shifted)).toEqual(read(bytes));
  });
});

/** Little-endian parts of a file packed by hand; a deflated one has no padding. */
const words = (...values: number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
const element = (type: number, data: Buffer, claimed = data.length): Buffer =>
  Buffer.concat([words(type, claimed), data, Buffer.alloc(type === 15 ? 0 : -data.length & 7)]);
const header = fixture("plain.mat").subarray(0, 128);
const file = (...elements: Buffer[]): Buffer => Buffer.concat([header, ...elements]);

interface Parts {
  readonly dims?: readonly number[];
  readonly data?: Buffer;
  readonly type?: number;
  readonly claimed?: number;
}
function matrix({ dims = [1, 2], data = Buffer.alloc(16), type = 9, claimed }: Parts = {}): Buffer {
  const parts = [element(6, words(6, 0)), element(5, words(...dims)), element(1, Buffer.from("trn1"))];
  return element(14, Buffer.concat([...parts, element(type, data, claimed)]));
}

describe("hostile and damaged files are refused by name", () => {
  const bomb = element(15, deflateSync(Buffer.alloc(2 ** 26 + 1)));
  const half = element(15, deflateSync(matrix({ dims: [1, 5_000_000], data: Buffer.alloc(40_000_000) })));
  test.each([
    ["nothing", Buffer.alloc(0), /not a MAT-5 file: it has 0 bytes/],
    ["a picture", Buffer.alloc(300, 0xff), /not a MAT-5 file: its byte-order mark/],
    ["HDF5", Buffer.concat([Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), Buffer.alloc(200)]), /version 7\.3/],
    [
      "MATLAB 7.3",
      Buffer.concat([header, Buffer.alloc(384), Buffer.from("\x89HDF\r\n\x1a\n", "latin1")]),
      /7\.3 \(HDF5\)/,
    ],
    [
      "another version",
      Buffer.concat([header.subarray(0, 124), Buffer.from([0, 2, 73, 77])]),
      /version 0x0200/,
    ],
    ["half a tag", file(Buffer.alloc(5)), /is truncated: 5 bytes at 128/],
    ["a truncated file", fixture("plain.mat").subarray(0, 300), /is truncated: the element at \d+ claims/],
    [
      "truncated deflated data",
      file(element(15, deflateSync(matrix()).subarray(0, 20))),
      /cannot be inflated/,
    ],
    ["deflated rubbish", file(element(15, Buffer.alloc(40, 7))), /deflated at byte 136: cannot be inflated/],
    ["a bomb", file(bomb), /inflates to more than 64 MiB/],
    ["a bomb in two parts", file(half, half), /inflates to more than 64 MiB/],
    ["a bomb in a bomb", file(element(15, deflateSync(bomb))), /element of type 15 where a matrix/],
    ["a false size", file(element(14, Buffer.alloc(16), 0x7fffffff)), /claims 2147483647 bytes/],
    ["a false inner size", file(matrix({ claimed: 0xfffffff })), /variable "trn1".*claims 268435455 bytes/],
    [
      "a false size of a small element",
      file(Buffer.from([9, 0, 5, 0, 0, 0, 0, 0])),
      /5 bytes in the 4 of a small/,
    ],
    ["dimensions that overflow", file(matrix({ dims: Array<number>(40).fill(2 ** 31 - 1) })), /found 16/],
    ["dimensions that wrap to the data", file(matrix({ dims: [2 ** 31 - 1, 2 ** 31 - 1, 2] })), /found 16/],
    ["a negative dimension", file(matrix({ dims: [-1, -2] })), /has the dimensions -1 × -2/],
    ["one dimension", file(matrix({ dims: [2] })), /has no dimensions/],
    ["numbers of an unknown type", file(matrix({ type: 99 })), /stores its numbers as unknown type 99/],
    ["a variable that appears twice", file(matrix(), matrix()), /"trn1" twice/],
    ["a matrix without parts", file(element(14, element(9, Buffer.alloc(8)))), /without its flags/],
  ])("%s", (_, bytes, problem) => {
    const error = (() => {
      try {
        return read(bytes);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(problem);
    expect((error as InputError).place).toContain("splits.mat");
    expect((error as InputError).remedy).toContain("scipy.io.savemat");
  });

  test("a file truncated at any byte is refused, or gives the variables before the cut", () => {
    for (const name of ["plain.mat", "compressed.mat"]) {
      const bytes = fixture(name);
      const whole = read(bytes);
      for (let length = 0; length < bytes.length; length += 7) {
        let found: Map<string, MatArray>;
        try {
          found = read(bytes.subarray(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          continue;
        }
        for (const [key, value] of found) expect(value).toEqual(whole.get(key));
      }
    }
  });

  test("a file with any byte changed is read or refused, nothing else", () => {
    const bytes = fixture("plain.mat");
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 0xa5;
      try {
        expect(read(changed)).toBeInstanceOf(Map);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
  });
});

describe("a struct array is read as by SciPy", () => {
  const structs = (bytes: Uint8Array, name = "synsets"): MatFields[] | undefined =>
    readMat5Struct(bytes, name, { place: "meta.mat" });

  test("numbers, text and arrays by field", () => {
    const found = structs(fixture("meta.mat"))!;
    expect(
      found.map((fields) => [(fields.get("ILSVRC2012_ID") as MatArray).data[0], fields.get("WNID")]),
    ).toEqual([
      [1, "n02119789"],
      [2, "n01440764"],
      [3, "n01484850"],
      [4, "n02127052"],
    ]);
    expect(found[2]!.get("words")).toBe("great white shark, café");
    expect([...(found[3]!.get("children") as MatArray).data]).toEqual([1, 2]);
    expect([structs(fixture("meta.mat"), "other"), structs(fixture("plain.mat"))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(structs(fixture("plain.mat"), "struct")).toHaveLength(1);
  });

  test("any byte changed or cut off is read or refused, nothing else", () => {
    const deflated = fixture("meta.mat");
    const parts = [];
    for (let at = 128; at < deflated.length;) {
      const size = deflated.readUInt32LE(at + 4);
      parts.push(inflateSync(deflated.subarray(at + 8, at + 8 + size)));
      at += 8 + size;
    }
    const bytes = Buffer.concat([deflated.subarray(0, 128), ...parts]);
    expect(structs(bytes)).toEqual(structs(deflated));
    for (let at = 128; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 0xa5;
      for (const each of [changed, bytes.subarray(0, at)]) {
        try {
          const found = structs(each);
          if (found !== undefined) expect(found).toBeInstanceOf(Array);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }
    }
  });

  test("dimensions larger than the data are refused", () => {
    const field = element(
      14,
      Buffer.concat([
        element(6, words(6, 0)),
        element(5, words(0, 0)),
        element(1, Buffer.alloc(0)),
        element(9, Buffer.alloc(0)),
      ]),
    );
    const synsets = (...dims: number[]): Buffer =>
      file(
        element(
          14,
          Buffer.concat([
            element(6, words(2, 0)),
            element(5, words(...dims)),
            element(1, Buffer.from("synsets")),
            element(5, words(4)),
            element(1, Buffer.from("ID\0\0")),
            field,
          ]),
        ),
      );
    expect(structs(synsets(1, 1))).toHaveLength(1);
    expect(() => structs(synsets(2 ** 31 - 1, 2 ** 31 - 1))).toThrow(/is truncated/);
    expect(() => structs(synsets(2 ** 31 - 1, -1))).toThrow(/has the dimensions/);
  });
});
