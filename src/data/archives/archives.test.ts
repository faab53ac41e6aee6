import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGenerator } from "../../tensor/index.js";
import type { EncodedSource } from "../source.js";
import { createBudget } from "./entry.js";
import { checkData, createLoader, openDataset } from "../index.js";

let root = "";
let red: Buffer;
let blue: Buffer;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-archives-"));
  const plain = (r: number, g: number, b: number): Promise<Buffer> =>
    sharp({ create: { width: 9, height: 7, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer();
  [red, blue] = await Promise.all([plain(255, 0, 0), plain(0, 0, 255)]);
});
afterAll(() => rm(root, { recursive: true }));

type Files = Readonly<Record<string, Uint8Array | string>>;

async function tarOf(
  files: Files,
  more: Parameters<ReturnType<typeof pack>["entry"]>[0][] = [],
): Promise<Buffer> {
  const writer = pack();
  for (const [name, bytes] of Object.entries(files)) writer.entry({ name }, Buffer.from(bytes as Uint8Array));
  for (const header of more) writer.entry(header, "");
  writer.finalize();
  return buffer(writer);
}

/** A zip by hand: what archivers would not write can be written too. */
function zipOf(
  files: Files,
  change: { readonly claimed?: number; readonly mode?: number; readonly deflate?: boolean } = {},
): Buffer {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const raw = Buffer.from(content as Uint8Array);
    const packed = change.deflate === true ? deflateRawSync(raw) : raw;
    const size = change.claimed ?? raw.length;
    const method = change.deflate === true ? 8 : 0;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(change.deflate === true ? size : packed.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(((change.mode ?? 0o100644) << 16) >>> 0, 6);
    central.writeUInt32LE(at, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, central, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

async function kept(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(root, name);
  await writeFile(path, bytes);
  return path;
}

function tree(prefix: string): Files {
  return Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [
      [`${prefix}cats/${i}.png`, red],
      [`${prefix}dogs/${i}.png`, blue],
    ]).flat() as [string, Buffer][],
  );
}

const size = { size: { height: 4, width: 4 } };

/** Words alone: a dataset that was opened all the same is too large to be shown. */
const said = (opened: Promise<unknown>): Promise<string> =>
  opened.then(
    () => "opened",
    (error: unknown) => (error as Error).message,
  );

describe.each([
  ["stored.zip", (files: Files) => zipOf(files)],
  ["deflated.zip", (files: Files) => zipOf(files, { deflate: true })],
  ["plain.tar", (files: Files) => tarOf(files)],
  ["zipped.tar.gz", async (files: Files) => gzipSync(await tarOf(files))],
])("%s", (name, make) => {
  test("with a folder for each class is read, its pictures shared with the workers of a loader", async () => {
    const path = await kept(name, await make(tree("pets/")));
    const train = await openDataset(path, size);
    const held = await openDataset(`${path}:test`, size);
    expect([train.length, held.length, train.classNames]).toEqual([8, 2, ["cats", "dogs"]]);
    expect(train.description).toContain("2 of its 10 pictures");
    const loader = createLoader(train, { batchSize: 8, random: createGenerator(0), workers: 1 });
    const batch = await loader.batch(0);
    await loader.dispose();
    batch.labels.forEach((label, i) => {
      const [r, , b] = [0, 16, 32].map((plane) => batch.images[i * 48 + plane]);
      expect([r, b]).toEqual(label === 0 ? [1, 0] : [0, 1]);
    });
  });

  test("keeps the owner's splits, and only the classes asked for", async () => {
    const files = {
      ...tree("train/"),
      ...tree("val/"),
      "train/fish/0.png": red,
      "val/fish/0.png": red,
      "train/._0.png": "x",
    };
    const path = await kept(`split-${name}`, await make(files));
    expect((await openDataset(path, size)).classNames).toEqual(["cats", "dogs", "fish"]);
    const some = await openDataset(`${path}:test`, { ...size, classes: ["cats", "fish"] });
    expect([some.classNames, some.length, some.fileName(0)]).toEqual([["cats", "fish"], 6, "val/cats/0.png"]);
    const typo = openDataset(path, { ...size, classes: ["cats", "dogs", "fsh"] });
    expect(await said(typo)).toMatch(/has no class "fsh"[^]*"fish"/);
  });
});

describe("the splits of the owners", () => {
  test("an only held-out split is checked once: it leaks into nothing", async () => {
    const files = (split: string, shade: Buffer): Files => ({
      [`${split}/cats/0.png`]: shade,
      [`${split}/dogs/0.png`]: Buffer.concat([shade, Buffer.alloc(1)]),
    });
    const path = await kept("check.zip", zipOf({ ...files("train", red), ...files("test", blue) }));
    const { check } = await checkData(path);
    expect(check.splits).toEqual([
      { name: "train", images: 2 },
      { name: "test", images: 2 },
    ]);
    expect(check.images).toBe(4);
    expect(check.duplicates.filter(({ acrossSplits }) => acrossSplits)).toEqual([]);
    const dealt = await kept("check-dealt.zip", zipOf(tree("")));
    expect((await checkData(dealt)).check.images).toBe(10);
  });

  test.each(["validation_set", "Validation", "valid", "test_set"])(
    "%s is trained on by nobody",
    async (held) => {
      const path = await kept(`${held}.zip`, zipOf({ ...tree("training_set/"), ...tree(`${held}/`) }));
      const train = await openDataset(path, size);
      expect([train.length, train.description]).toEqual([10, expect.not.stringContaining("seed")]);
      for (const split of ["val", "test"]) {
        const only = await openDataset(`${path}:${split}`, size);
        expect([only.split, only.fileName(0)]).toEqual(["test", `${held}/cats/0.png`]);
      }
    },
  );

  test("pictures without a split beside those that have one are not dealt", async () => {
    const path = await kept("mixed.zip", zipOf({ ...tree("train/"), "more/cats/7.png": red }));
    expect(await said(openDataset(path, size))).toMatch(/outside them, such as "more\/cats\/7.png"/);
    expect((await openDataset(`${path}:all`, size)).length).toBe(11);
  });

  test("a test set alone is not trained on", async () => {
    const path = await kept("test-only.zip", zipOf(tree("test/")));
    expect(await said(openDataset(path, size))).toMatch(/has no split "train"[^]*It has test/);
  });
});

describe("the layouts of the owners", () => {
  test("Kaggle's Dogs-vs-Cats: a zip of zips, labels in the file names, a test set without any", async () => {
    const train: Files = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`train/${i % 2 ? "dog" : "cat"}.${i}.jpg`, i % 2 ? blue : red]),
    );
    const outer = {
      "train.zip": zipOf(train, { deflate: true }),
      "test1.zip": zipOf({ "test1/1.jpg": red }),
    };
    const path = await kept("dogs-vs-cats.zip", zipOf(outer));
    const data = await openDataset(`${path}:all`, size);
    expect([data.length, data.classNames]).toEqual([10, ["cat", "dog"]]);
    expect((await openDataset(`${path}:test`, size)).length).toBe(2);
    expect((await openDataset(`${path}:all`, { ...size, classes: ["cat", "dog"] })).length).toBe(10);
  });

  test("ImageNet: a tar of the tars of its classes, and a folder of them", async () => {
    const fish = await tarOf({ "n01440764_1.JPEG": red, "n01440764_2.JPEG": red });
    const shark = await tarOf({ "n01484850_7.JPEG": blue, "n01484850_8.JPEG": blue });
    const path = await kept(
      "ILSVRC2012_img_train.tar",
      await tarOf({ "n01440764.tar": fish, "n01484850.tar": shark }),
    );
    const data = await openDataset(`${path}:all`, size);
    expect([data.classNames, Array.from(data.labels)]).toEqual([
      ["n01440764", "n01484850"],
      [0, 0, 1, 1],
    ]);
    const folder = join(root, "imagenet");
    await mkdir(folder);
    await writeFile(join(folder, "n01440764.tar"), fish);
    await writeFile(join(folder, "n01484850.tar"), shark);
    const same = await openDataset(`${folder}:all`, size);
    expect([same.classNames, same.length]).toEqual([data.classNames, 4]);
  });

  test("ImageNet: the tars of classes that nobody asked for are not read, and its size is no reason to refuse it", async () => {
    const pictures = await tarOf({ "1.JPEG": red, "2.JPEG": blue });
    const tars = {
      "n01440764.tar": pictures,
      "n01484850.tar": pictures,
      "n02084071.tar": Buffer.from("no tar".repeat(200)),
    };
    const path = await kept("of-tars.tar", await tarOf(tars));
    const folder = join(root, "of-tars");
    await mkdir(folder);
    for (const [name, bytes] of Object.entries(tars)) await writeFile(join(folder, name), bytes);
    for (const place of [path, folder]) {
      expect(await said(openDataset(`${place}:all`, size))).toMatch(/n02084071.tar/);
      const classes = ["n01484850", "n01440764"];
      const some = await openDataset(`${place}:all`, { ...size, classes });
      expect([some.classNames, some.length]).toEqual([["n01440764", "n01484850"], 4]);
      const typo = openDataset(place, { ...size, classes: ["n01440764", "n02084072"] });
      expect(await said(typo)).toMatch(/has no class "n02084072"[^]*Did you mean "n02084071"/);
    }
    const budget = createBudget("imagenet.tar");
    for (let i = 0; i < 1000; i++) budget.take(`n${i}.tar`, 2 ** 27);
    expect(() => {
      for (let i = 0; i < 1000; i++) budget.take(`${i}.png`, 2 ** 27);
    }).toThrow(/more than may be held/);
  });
});

describe("a hostile or damaged archive is refused, its entry named", () => {
  const refusal = async (name: string, bytes: Uint8Array): Promise<string> =>
    said(openDataset(await kept(name, bytes), size));

  test.each([
    ["leads out", { "../../etc/cats/1.png": "x" }, /\.\.|relative path/],
    ["absolute name", { "/cats/1.png": "x" }, /absolute/],
    ["backslash", { "cats\\..\\1.png": "x" }, /backslash|invalid characters/],
  ])("zip: %s", async (name, files, words) => {
    expect(await refusal(`${name}.zip`, zipOf({ ...tree(""), ...files }))).toMatch(words);
  });

  test("zip: a link", async () => {
    expect(await refusal("link.zip", zipOf(tree(""), { mode: 0o120777 }))).toMatch(
      /entry "cats\/0.png".*is a link/,
    );
  });

  test.each([
    ["less than there is", 10],
    ["more than there is", 4000],
  ])("zip: a size that claims %s", async (name, claimed) => {
    const said = await refusal(`${name}.zip`, zipOf(tree(""), { deflate: true, claimed }));
    expect(said).toMatch(/entry "cats\/0.png".*cannot be unpacked/);
  });

  test("zip: a bomb", async () => {
    const said = await refusal("bomb.zip", zipOf(tree(""), { deflate: true, claimed: 2 ** 31 }));
    expect(said).toMatch(/more than may be held in memory/);
  });

  test("a bomb that says what it is: in a zip, in a zip in one, in a gzip", async () => {
    const zeros: Files = { "cats/9.png": Buffer.alloc(2 ** 21) };
    const bomb = zipOf({ ...tree(""), ...zeros }, { deflate: true });
    expect(bomb.length).toBeLessThan(2 ** 13);
    expect(await refusal("honest.zip", bomb)).toMatch(/entry "cats\/9.png".*more than any picture would/);
    expect(await refusal("nested.zip", zipOf({ "train.zip": bomb }))).toMatch(
      /nested.zip, train.zip, entry "cats\/9.png".*more than any picture would/,
    );
    const zipped = gzipSync(await tarOf({ ...tree(""), ...zeros }));
    expect(await refusal("honest.tar.gz", zipped)).toMatch(/more than pictures would/);
    expect(await refusal("nested-gzip.zip", zipOf({ "train.tar.gz": zipped }))).toMatch(
      /nested-gzip.zip, train.tar.gz.*more than pictures would/,
    );
    // A small one may be a picture of one colour.
    const small = zipOf({ ...tree(""), "cats/9.png": Buffer.alloc(2 ** 19) }, { deflate: true });
    expect(await refusal("small.zip", small)).toBe("opened");
  });

  test("what is no picture by its first bytes takes no room, and is named when it is read", async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 2 ** 16 }, (_, i) => (i * i) >> 7));
    const path = await kept("no-picture.zip", zipOf({ ...tree(""), "cats/9.png": noise }));
    const data = await openDataset(`${path}:all`, size);
    const { at, names } = data.source as EncodedSource;
    expect(at[names.indexOf("cats/9.png")]![2]).toBe(16);
    const skipped = (await openDataset(`${path}:all`, { ...size, skipUnreadable: true })).skipped;
    expect(skipped).toEqual([{ file: "cats/9.png", problem: "is not a JPEG, PNG or WebP image" }]);
  });

  test.each([
    ["more than may be held", 2 ** 31, /entry "cats\/0.png".*more than may be held in memory/],
    ["more than there is", 2 ** 20, /cannot be read/],
  ])("tar: a size that claims %s", async (_, claimed, words) => {
    const tar = await tarOf(tree(""));
    tar.write(claimed.toString(8).padStart(11, "0"), 124, "latin1");
    // The sum of the header's bytes, its own place taken for spaces.
    tar.fill(" ", 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0`, 148, "latin1");
    expect(await refusal(`size-${claimed}.tar`, tar)).toMatch(words);
  });

  test("zip: cut off, and no zip at all", async () => {
    const whole = zipOf(tree(""));
    expect(await refusal("cut.zip", whole.subarray(0, whole.length - 30))).toMatch(/no zip that can be read/);
    expect(await refusal("none.zip", Buffer.from("hello"))).toMatch(/no zip that can be read/);
  });

  test.each([
    ["leads out", { name: "../cats/1.png" }, /leads out of the archive/],
    ["absolute name", { name: "/cats/1.png" }, /absolute/],
    ["a link", { name: "cats/l.png", type: "symlink" as const, linkname: "/etc/passwd" }, /is a symlink/],
    ["a hard link", { name: "cats/l.png", type: "link" as const, linkname: "cats/0.png" }, /is a link/],
    ["there twice", { name: "cats/0.png" }, /is there twice/],
  ])("tar: %s", async (name, header, words) => {
    expect(await refusal(`${name}.tar`, await tarOf(tree(""), [header]))).toMatch(words);
  });

  test("tar: cut off, and a gzip that is none", async () => {
    const whole = await tarOf(tree(""));
    expect(await refusal("cut.tar", whole.subarray(0, 900))).toMatch(/cannot be read|one class|no JPEG/);
    expect(await refusal("none.tar.gz", Buffer.from("hello"))).toMatch(/cannot be read/);
  });

  test("archives in archives in archives", async () => {
    const deep = zipOf({ "a.zip": zipOf({ "b.zip": zipOf(tree("")) }) });
    expect(await refusal("deep.zip", deep)).toMatch(/an archive in an archive in an archive/);
  });

  test("one class only", async () => {
    expect(await refusal("one.zip", zipOf({ "cats/1.png": red, "cats/2.png": red }))).toMatch(
      /one class only, "cats"/,
    );
  });

  test("a damaged picture is named, or skipped when asked", async () => {
    const path = await kept("damaged.zip", zipOf({ ...tree(""), "cats/9.png": red.subarray(0, 40) }));
    const data = await openDataset(`${path}:all`, { ...size, skipUnreadable: true });
    expect(data.skipped).toEqual([
      { file: "cats/9.png", problem: expect.stringContaining("cannot be decoded") },
    ]);
    expect(data.length).toBe(10);
  });

  test("without one picture that can be decoded", async () => {
    const cut = red.subarray(0, 40);
    const path = await kept("all-cut.zip", zipOf({ "cats/1.png": cut, "dogs/1.png": cut }));
    const opened = openDataset(`${path}:all`, { ...size, skipUnreadable: true });
    expect(await said(opened)).toMatch(/no image that can be decoded/);
  });
});
