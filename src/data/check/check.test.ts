import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError, UsageError } from "../../errors/index.js";
import { createGenerator } from "../../tensor/index.js";
import { checkData, contactSheet, openDataset, type DataCheck } from "../index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-check-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A smooth random picture: what `key` draws looks like nothing another key draws. */
function picture(key: string, width = 64, height = 48): Sharp {
  const stream = createGenerator(7).stream(key);
  const data = Buffer.from(Uint8Array.from({ length: 8 * 6 * 3 }, () => stream.integer(256)));
  return sharp(data, { raw: { width: 8, height: 6, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .toColourspace("srgb");
}

async function put(path: string, image: Sharp | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), image instanceof Uint8Array ? image : await image.toBuffer());
}

/** train and test with two classes of three pictures each, all different. */
async function goodFolder(): Promise<void> {
  for (const split of ["train", "test"]) {
    for (const name of ["cat", "dog"]) {
      for (let i = 0; i < 3; i++) {
        const path = `${split}/${name}/${i}.jpg`;
        await put(path, picture(path).jpeg());
      }
    }
  }
}

const check = async (spec: string = root): Promise<DataCheck> => (await checkData(spec)).check;

describe("a folder in good order", () => {
  test("is counted and measured without findings", async () => {
    await goodFolder();
    await put("train/cat/3.png", picture("tall", 40, 100).png());
    const found = await check();
    expect([found.images, found.readable, found.imbalance]).toEqual([13, 13, 7 / 6]);
    expect(found.splits).toEqual([
      { name: "train", images: 7 },
      { name: "test", images: 6 },
    ]);
    expect(found.classes[0]).toEqual({ name: "cat", images: 7, bySplit: { train: 4, test: 3 } });
    expect(found.width).toEqual({ min: 40, median: 64, max: 64 });
    expect(found.height).toEqual({ min: 48, median: 48, max: 100 });
    expect([found.kinds.jpeg, found.kinds.png, found.kinds.gray]).toEqual([12, 1, 0]);
    expect([found.unreadable, found.duplicates, found.suspicious]).toEqual([[], [], []]);
  });

  test("is checked for the named split only", async () => {
    await goodFolder();
    const found = await check(`${root}:test`);
    expect([found.images, found.splits]).toEqual([6, [{ name: "test", images: 6 }]]);
  });

  test("as a table with only a training split is checked for that split", async () => {
    await goodFolder();
    const lines = ["cat", "dog"].map((name) => `train/${name}/0.jpg,${name},train\n`);
    await writeFile(join(root, "table.csv"), `path,label,split\n${lines.join("")}`);
    expect((await check(join(root, "table.csv"))).splits).toEqual([{ name: "train", images: 2 }]);
    await expect(openDataset(join(root, "table.csv:test"))).rejects.toThrow(
      /no lines of the split "test"[^]*train/,
    );
  });

  test("is checked as dealt if it has no splits of its own", async () => {
    for (let i = 0; i < 10; i++) {
      for (const name of ["cat", "dog"]) await put(`${name}/${i}.png`, picture(`${name}/${i}`).png());
    }
    const found = await check();
    expect(found.splits.map(({ images }) => images)).toEqual([16, 4]);
    expect(found.description).toMatch(/4 of its 20 images, stratified by class, are the test set/);
  });
});

describe("duplicates", () => {
  test("are found for equal bytes: within a split, across splits and under another class", async () => {
    await goodFolder();
    const copy = (from: string, to: string): Promise<void> => cp(join(root, from), join(root, to));
    await copy("train/cat/0.jpg", "train/cat/copy.jpg");
    await copy("train/cat/1.jpg", "test/cat/copy.jpg");
    await copy("train/cat/2.jpg", "train/dog/copy.jpg");
    const { duplicates } = await check();
    expect(
      duplicates.map(({ kind, acrossSplits, differentClasses }) => [kind, acrossSplits, differentClasses]),
    ).toEqual([
      ["same bytes", true, false],
      ["same bytes", false, true],
      ["same bytes", false, false],
    ]);
    expect(duplicates[0]!.files).toEqual([
      { file: "train/cat/1.jpg", split: "train", class: "cat" },
      { file: "test/cat/copy.jpg", split: "test", class: "cat" },
    ]);
  });

  test("are found for pictures that look alike: scaled, re-encoded, brightened", async () => {
    await goodFolder();
    const original = await picture("original", 200, 150).png().toBuffer();
    await put("train/cat/original.png", original);
    await put("train/cat/worse.jpg", sharp(original).jpeg({ quality: 40 }));
    await put("test/dog/small.webp", sharp(original).resize(90, 68).webp());
    await put("test/dog/brighter.png", sharp(original).linear(1, 3).png());
    const { duplicates } = await check();
    expect(duplicates).toHaveLength(1);
    expect(duplicates[0]).toMatchObject({ kind: "looks alike", acrossSplits: true, differentClasses: true });
    expect(duplicates[0]!.files.map(({ file }) => file).sort()).toEqual([
      "test/dog/brighter.png",
      "test/dog/small.webp",
      "train/cat/original.png",
      "train/cat/worse.jpg",
    ]);
  });

  test("are not reported for other pictures, mirror images or plain ones", async () => {
    for (let i = 0; i < 30; i++) await put(`cat/${i}.png`, picture(`many/${i}`).png());
    await put("dog/mirror.png", picture("many/0").flop().png());
    for (const [i, background] of ["#404040", "#414141", "#c01020"].entries()) {
      await put(
        `dog/plain${i}.png`,
        sharp({ create: { width: 40, height: 40, channels: 3, background } }).png(),
      );
    }
    expect((await check()).duplicates).toEqual([]);
  });
});

describe("suspicious data", () => {
  const problems = async (): Promise<string[]> =>
    (await check()).suspicious.map(({ where, problem }) => `${where} ${problem}`);

  test.each([
    ["a PNG named .JPEG", "x.JPEG", () => picture("x").png(), /x\.JPEG is a PNG image by its content/],
    ["a tiny one", "x.png", () => picture("x", 31, 40).png(), /x\.png is small: 31 × 40 pixels/],
    ["a very long one", "x.png", () => picture("x", 170, 40).png(), /x\.png is very long: 170 × 40 pixels/],
    [
      "one of a single colour",
      "x.png",
      () => sharp({ create: { width: 40, height: 40, channels: 3, background: "#123456" } }).png(),
      /x\.png has a single colour/,
    ],
  ])("%s", async (_, name, make, words) => {
    await goodFolder();
    await put(`train/cat/${name}`, make());
    const found = await problems();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(words);
  });

  test("a class of one image, a class that a split lacks, and unbalanced classes", async () => {
    await goodFolder();
    await put("train/bird/1.jpg", picture("bird").jpeg());
    expect(await problems()).toEqual([
      'class "bird" has only one image in train',
      'class "bird" has no image in test',
      'split train is unbalanced: "cat" 3 images, "bird" 1; accuracy will favour the larger class',
      'split test is unbalanced: "cat" 3 images, "bird" 0; accuracy will favour the larger class',
    ]);
  });
});

describe("unreadable files", () => {
  test("are named with the reason, and the rest is checked and shown", async () => {
    await goodFolder();
    await put("train/cat/empty.jpg", new Uint8Array());
    await put("test/dog/text.png", new TextEncoder().encode("hello"));
    const { check: found, readable } = await checkData(root);
    expect([found.images, found.readable]).toEqual([14, 12]);
    expect(found.unreadable).toEqual([
      { file: "train/cat/empty.jpg", problem: "is empty" },
      { file: "test/dog/text.png", problem: "is not a JPEG, PNG or WebP image" },
    ]);
    expect(readable.length).toBe(6);
    const { height } = await sharp(await contactSheet(readable)).metadata();
    expect(height).toBe(4 + 2 * 76);
  });

  test("are an error if no file is left, or if there were none", async () => {
    for (const name of ["cat", "dog"]) await put(`${name}/1.png`, new Uint8Array());
    const error = await checkData(root).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(/none of its 2 images can be read: (cat|dog)\/1\.png is empty/);
    await expect(checkData("mnist")).rejects.toThrow(UsageError);
    await expect(checkData(join(root, "nowhere"))).rejects.toThrow(InputError);
  });
});

test("every image is reported when done, with the classes that opening gives", async () => {
  await goodFolder();
  const heard: string[] = [];
  await checkData(root, { onProgress: (done, total) => heard.push(`${done}/${total}`) });
  expect(heard).toEqual(Array.from({ length: 12 }, (_, i) => `${i + 1}/12`));
  expect((await openDataset(root)).classNames).toEqual((await check()).classes.map(({ name }) => name));
});
