import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  inFolderOfArchives,
  kept,
  red,
  said,
  tarOf,
  treeOf,
  zipOf,
  type Files,
} from "../../../test/archives.js";
import { openDataset } from "../index.js";
import type { EncodedSource } from "../pixels/index.js";

inFolderOfArchives();
const size = { size: { height: 4, width: 4 } };

describe("hostile and damaged archives are refused by the name of the entry", () => {
  const refusal = async (name: string, bytes: Uint8Array): Promise<string> =>
    said(openDataset(await kept(name, bytes), size));

  test.each([
    ["leads out", { "../../etc/cats/1.png": "x" }, /\.\.|relative path/],
    ["absolute name", { "/cats/1.png": "x" }, /absolute/],
    ["backslash", { "cats\\..\\1.png": "x" }, /backslash|invalid characters/],
  ])("zip: %s", async (name, files, words) => {
    expect(await refusal(`${name}.zip`, zipOf({ ...treeOf(""), ...files }))).toMatch(words);
  });

  test("zip: a link", async () => {
    expect(await refusal("link.zip", zipOf(treeOf(""), { mode: 0o120777 }))).toMatch(
      /entry "cats\/0.png".*is a link/,
    );
  });

  test.each([
    ["less than there is", 10],
    ["more than there is", 4000],
  ])("zip: an entry that declares %s", async (name, claimed) => {
    const said = await refusal(`${name}.zip`, zipOf(treeOf(""), { deflate: true, claimed }));
    expect(said).toMatch(/entry "cats\/0.png".*cannot be unpacked/);
  });

  test("zip: a bomb", async () => {
    const said = await refusal("bomb.zip", zipOf(treeOf(""), { deflate: true, claimed: 2 ** 31 }));
    expect(said).toMatch(/more than the memory limit/);
  });

  test("a bomb that declares its size: in a zip, in a nested zip, in a gzip", async () => {
    const zeros: Files = { "cats/9.png": Buffer.alloc(2 ** 21) };
    const bomb = zipOf({ ...treeOf(""), ...zeros }, { deflate: true });
    expect(bomb.length).toBeLessThan(2 ** 13);
    expect(await refusal("honest.zip", bomb)).toMatch(/entry "cats\/9.png".*more than any image would/);
    expect(await refusal("nested.zip", zipOf({ "train.zip": bomb }))).toMatch(
      /nested.zip, train.zip, entry "cats\/9.png".*more than any image would/,
    );
    const zipped = gzipSync(await tarOf({ ...treeOf(""), ...zeros }));
    expect(await refusal("honest.tar.gz", zipped)).toMatch(/more than images would/);
    expect(await refusal("nested-gzip.zip", zipOf({ "train.tar.gz": zipped }))).toMatch(
      /nested-gzip.zip, train.tar.gz.*more than images would/,
    );
    // A small one may be a picture of one colour.
    const small = zipOf({ ...treeOf(""), "cats/9.png": Buffer.alloc(2 ** 19) }, { deflate: true });
    expect(await refusal("small.zip", small)).toBe("opened");
  });

  test("a file that does not begin like a picture takes no memory, and is reported when it is read", async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 2 ** 16 }, (_, i) => (i * i) >> 7));
    const path = await kept("no-picture.zip", zipOf({ ...treeOf(""), "cats/9.png": noise }));
    const data = await openDataset(`${path}:all`, size);
    const { at, names } = data.source as EncodedSource;
    expect(at[names.indexOf("cats/9.png")]![2]).toBe(16);
    const skipped = (await openDataset(`${path}:all`, { ...size, skipUnreadable: true })).skipped;
    expect(skipped).toEqual([{ file: "cats/9.png", problem: "is not a JPEG, PNG or WebP image" }]);
  });

  test.each([
    ["more than the memory limit", 2 ** 31, /entry "cats\/0.png".*more than the memory limit/],
    ["more than there is", 2 ** 20, /cannot be read/],
  ])("tar: an entry that declares %s", async (_, claimed, words) => {
    const tar = await tarOf(treeOf(""));
    tar.write(claimed.toString(8).padStart(11, "0"), 124, "latin1");
    // The sum of the header's bytes, its own place taken for spaces.
    tar.fill(" ", 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0`, 148, "latin1");
    expect(await refusal(`size-${claimed}.tar`, tar)).toMatch(words);
  });

  test("zip: truncated, or not a zip", async () => {
    const whole = zipOf(treeOf(""));
    expect(await refusal("cut.zip", whole.subarray(0, whole.length - 30))).toMatch(/not a readable zip/);
    expect(await refusal("none.zip", Buffer.from("hello"))).toMatch(/not a readable zip/);
  });

  test.each([
    ["leads out", { name: "../cats/1.png" }, /leads out of the archive/],
    ["absolute name", { name: "/cats/1.png" }, /absolute/],
    ["a link", { name: "cats/l.png", type: "symlink" as const, linkname: "/etc/passwd" }, /is a symlink/],
    ["a hard link", { name: "cats/l.png", type: "link" as const, linkname: "cats/0.png" }, /is a link/],
    ["there twice", { name: "cats/0.png" }, /appears twice/],
  ])("tar: %s", async (name, header, words) => {
    expect(await refusal(`${name}.tar`, await tarOf(treeOf(""), [header]))).toMatch(words);
  });

  test("tar: truncated, or not a gzip", async () => {
    const whole = await tarOf(treeOf(""));
    expect(await refusal("cut.tar", whole.subarray(0, 900))).toMatch(/cannot be read|one class|no JPEG/);
    expect(await refusal("none.tar.gz", Buffer.from("hello"))).toMatch(/cannot be read/);
  });

  test("archives nested too deep", async () => {
    const deep = zipOf({ "a.zip": zipOf({ "b.zip": zipOf(treeOf("")) }) });
    expect(await refusal("deep.zip", deep)).toMatch(/nested more than one level deep/);
  });

  test("a single class", async () => {
    expect(await refusal("one.zip", zipOf({ "cats/1.png": red, "cats/2.png": red }))).toMatch(
      /only one class, "cats"/,
    );
  });

  test("a damaged picture is reported, or skipped on request", async () => {
    const path = await kept("damaged.zip", zipOf({ ...treeOf(""), "cats/9.png": red.subarray(0, 40) }));
    const data = await openDataset(`${path}:all`, { ...size, skipUnreadable: true });
    expect(data.skipped).toEqual([
      { file: "cats/9.png", problem: expect.stringContaining("cannot be decoded") },
    ]);
    expect(data.length).toBe(10);
  });

  test("no picture that can be decoded", async () => {
    const cut = red.subarray(0, 40);
    const path = await kept("all-cut.zip", zipOf({ "cats/1.png": cut, "dogs/1.png": cut }));
    const opened = openDataset(`${path}:all`, { ...size, skipUnreadable: true });
    expect(await said(opened)).toMatch(/no image that can be decoded/);
  });
});
