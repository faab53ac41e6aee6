import { cp, mkdir, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { InputError, UsageError } from "../../../errors/index.js";
import { createGenerator } from "../../../tensor/index.js";
import { checkData, datasetInfo, openDataset, subset, takeSample, type Dataset } from "../../index.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../../test/fixtures/flowers17/${name}`, import.meta.url));
const pictureName = (number: number): string => `image_${String(number).padStart(4, "0")}.jpg`;

/** The owners' layout with 1360 tiny pictures; 80 × 60, as large as twice the trimap. */
let owners = "";
let root = "";
beforeAll(async () => {
  owners = await mkdtemp(join(tmpdir(), "holdfast-17-"));
  const picture = await sharp({ create: { width: 80, height: 60, channels: 3, background: "#30a020" } })
    .jpeg()
    .toBuffer();
  await mkdir(join(owners, "jpg"));
  const names = Array.from({ length: 1360 }, (_, i) => pictureName(i + 1));
  for (const name of names) await writeFile(join(owners, "jpg", name), picture);
  await writeFile(join(owners, "jpg", "files.txt"), `${names.join("\n")}\n`);
});
afterAll(() => rm(owners, { recursive: true }));
beforeEach(async () => {
  for (const part of ["datasplits.mat", "trimaps"])
    await rm(join(owners, part), { recursive: true, force: true });
  root = owners;
});

const SIZE = { size: { height: 12, width: 12 } };
const names = (d: Dataset): string[] => Array.from({ length: d.length }, (_, i) => d.fileName(i));
const numbers = (d: Dataset): number[] => names(d).map((name) => Number(/(\d{4})\.jpg$/.exec(name)![1]));
const perClass = (d: Dataset): number[] => datasetInfo(d).classes.map(({ images }) => images);

describe("the pictures without the owner's splits", () => {
  test("get their class from the order of the files", async () => {
    const all = await openDataset(`${root}:all`, SIZE);
    expect(all.length).toBe(1360);
    expect(all.classNames).toHaveLength(17);
    expect([all.classNames[2], all.classNames[11], all.classNames[16]]).toEqual([
      "Lily Valley",
      "Colts' Foot",
      "Pansy",
    ]);
    numbers(all).forEach((number, i) => expect(all.labels[i]).toBe(Math.floor((number - 1) / 80)));
    expect(all.mask).toBeUndefined();
  });

  test("are dealt 40, 20 and 20 per class by the seed, as the description says", async () => {
    const parts = await Promise.all(["train", "val", "test"].map((s) => openDataset(`${root}:${s}`, SIZE)));
    expect(parts.map(perClass)).toEqual([40, 20, 20].map((count) => Array<number>(17).fill(count)));
    expect(parts.map(({ split }) => split)).toEqual(["train", "val", "test"]);
    expect(new Set(parts.flatMap(numbers)).size).toBe(1360);
    expect(parts[0]!.description).toMatch(/Not the owners' split \(datasplits.mat is missing\).*seed 0/);
    expect(numbers(await openDataset(`${root}:train`, SIZE))).toEqual(numbers(parts[0]!));
    for (const other of [{ seed: 1 }, { flowersSplit: 2 }]) {
      expect(numbers(await openDataset(root, { ...SIZE, ...other }))).not.toEqual(numbers(parts[0]!));
    }
  });

  test("are found in the jpg folder itself", async () => {
    const inside = await openDataset(`${join(root, "jpg")}:val`, SIZE);
    expect(numbers(inside)).toEqual(numbers(await openDataset(`${root}:val`, SIZE)));
    const out = new Float32Array(3 * 12 * 12);
    await inside.read(0, out);
    expect(Math.abs(out[0]! * 255 - 0x30)).toBeLessThan(4);
  });

  test("have only the requested classes", async () => {
    const some = await openDataset(`${root}:all`, { ...SIZE, classes: ["Pansy", "Daisy"] });
    expect([some.length, some.classNames, some.labels[0]]).toEqual([160, ["Pansy", "Daisy"], 1]);
    expect(some.fileName(159)).toContain("image_1360.jpg");
  });

  test("a missing one is an error, or is left out and named", async () => {
    await unlink(join(root, "jpg", pictureName(81)));
    try {
      await expect(openDataset(root, SIZE)).rejects.toThrow(/lacks 1 of the 1360 .* image_0081\.jpg/);
      const kept = await openDataset(`${root}:all`, { ...SIZE, skipUnreadable: true });
      expect(kept.length).toBe(1359);
      expect(kept.skipped).toEqual([{ file: "jpg/image_0081.jpg", problem: "does not exist" }]);
      expect(perClass(kept)[1]).toBe(79);
      const { check } = await checkData(`${root}:all`);
      expect(check.unreadable).toEqual([{ file: "jpg/image_0081.jpg", problem: "does not exist" }]);
    } finally {
      await cp(join(root, "jpg", pictureName(1)), join(root, "jpg", pictureName(81)));
    }
  });
});

describe("datasplits.mat, as SciPy writes it", () => {
  /** The rule of the fixture. */
  const partOf = (number: number, split: number): string => {
    const turn = (((number - 1) % 80) + 20 * (split - 1)) % 80;
    return turn < 40 ? "train" : turn < 60 ? "val" : "test";
  };

  test.each([1, 2, 3])("split %i", async (split) => {
    await cp(fixture("datasplits.mat"), join(root, "datasplits.mat"));
    for (const part of ["train", "val", "test"]) {
      const dataset = await openDataset(`${root}:${part}`, { ...SIZE, flowersSplit: split });
      const expected = Array.from({ length: 1360 }, (_, i) => i + 1).filter((n) => partOf(n, split) === part);
      expect(numbers(dataset)).toEqual(expected);
      expect(dataset.description).toMatch(`The owners' split ${split}`);
    }
  });

  test("refuses splits that do not exist", async () => {
    for (const flowersSplit of [0, 4, 1.5]) {
      await expect(openDataset(root, { flowersSplit })).rejects.toThrow(UsageError);
    }
    await expect(openDataset(root, { split: "trial" })).rejects.toThrow(/no split "trial"/);
  });

  test.each([
    ["another dataset's variables", { labels: [1, 2] }, /has no variable trn1/],
    ["a number outside", { trn1: [1, 1361], val1: [2], tst1: [3] }, /names image 1361, outside 1 … 1360/],
    ["a fraction", { trn1: [1.5], val1: [2], tst1: [3] }, /names image 1.5/],
    ["a picture in two parts", { trn1: [1, 7], val1: [7], tst1: [3] }, /names image 7 twice/],
    ["nothing to test on", { trn1: [1], val1: [2], tst1: [] }, /has no numbers in tst1/],
  ])("with %s is refused", async (_, variables, words) => {
    await writeFile(join(root, "datasplits.mat"), matFile(variables));
    const error = await openDataset(root, SIZE).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(words);
  });
});

/** Row vectors of doubles as a little-endian MAT-5 file. */
function matFile(variables: Readonly<Record<string, readonly number[] | undefined>>): Buffer {
  const element = (type: number, data: Buffer): Buffer => {
    const tag = Buffer.from(Uint32Array.of(type, data.length).buffer);
    return Buffer.concat([tag, data, Buffer.alloc(-data.length & 7)]);
  };
  const header = Buffer.alloc(128, " ");
  header.writeUInt16LE(0x0100, 124);
  header.write("IM", 126);
  const matrices = Object.entries(variables).map(([name, values = []]) =>
    element(
      14,
      Buffer.concat([
        element(6, Buffer.from(Uint32Array.of(6, 0).buffer)),
        element(5, Buffer.from(Int32Array.of(1, values.length).buffer)),
        element(1, Buffer.from(name)),
        element(9, Buffer.from(Float64Array.from(values).buffer)),
      ]),
    ),
  );
  return Buffer.concat([header, ...matrices]);
}

describe("trimaps", () => {
  const area = 24 * 32;
  const maskOf = async (dataset: Dataset, number: number): Promise<Uint8Array> => {
    const out = new Uint8Array(dataset.height * dataset.width).fill(9);
    await dataset.mask!(numbers(dataset).indexOf(number), out);
    return out;
  };
  const addTrimap = async (number: number): Promise<void> => {
    await mkdir(join(root, "trimaps"), { recursive: true });
    await cp(fixture("trimap.png"), join(root, "trimaps", pictureName(number).replace("jpg", "png")));
  };

  test("mark the flower, and say which images have one", async () => {
    await addTrimap(5);
    const all = await openDataset(`${root}:all`, { size: { height: 24, width: 32 } });
    expect([datasetInfo(all).hasMasks, datasetInfo(all).masks]).toEqual([true, 1]);
    expect([all.hasMask!(4), all.hasMask!(3)]).toEqual([true, false]);
    const mask = await maskOf(all, 5);
    // A disc of radius 7 at (22.5, 12.5) of 40 × 30, scaled by .8.
    const expected = Uint8Array.from({ length: area }, (_, i) => {
      const [x, y] = [(i % 32) + 0.5, Math.floor(i / 32) + 0.5];
      return Math.hypot(y - 0.8 * 13, x - 0.8 * 23) < 0.8 * 7 ? 1 : 0;
    });
    const wrong = mask.filter((value, i) => value !== expected[i]).length;
    expect(wrong).toBeLessThan(12);
    expect(mask.reduce((sum, value) => sum + value)).toBeGreaterThan(80);
    expect((await maskOf(all, 6)).every((value) => value === 0)).toBe(true);
  });

  test("follow their image into parts and samples", async () => {
    await addTrimap(5);
    const all = await openDataset(`${root}:all`, SIZE);
    const part = subset(all, [9, 4]);
    expect([part.hasMask!(0), part.hasMask!(1)]).toEqual([false, true]);
    expect(await maskOf(part, 5)).toEqual(await maskOf(all, 5));
    const sample = takeSample(all, 170, createGenerator(3));
    for (let i = 0; i < sample.length; i++) {
      expect(sample.hasMask!(i)).toBe(sample.fileName(i).includes("0005"));
    }
  });

  test.each([
    ["crop", 1],
    ["crop", 0.75],
    ["stretch", 1],
  ] as const)("are fitted like their picture (%s, %d)", async (fit, cropFraction) => {
    await addTrimap(5);
    // A picture that is white exactly where its trimap says flower must be white where the mask is 1.
    const flower = sharp(fixture("trimap.png")).removeAlpha().resize(80, 60, { kernel: "nearest" });
    const { data } = await flower.raw().toBuffer({ resolveWithObject: true });
    const white = Buffer.from(
      data.map((_, i) => (data[i - (i % 3)] === 128 && data[i - (i % 3) + 1] === 0 ? 255 : 0)),
    );
    const raw = { width: 80, height: 60, channels: 3 } as const;
    const picture = await sharp(white, { raw }).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    const other = join(root, "jpg", pictureName(6));
    const was = join(root, "jpg", pictureName(5));
    await writeFile(was, picture);
    const dataset = await openDataset(`${root}:all`, {
      size: { height: 20, width: 14 },
      channels: 1,
      fit,
      cropFraction,
    });
    const pixels = new Float32Array(20 * 14);
    await dataset.read(4, pixels);
    const mask = await maskOf(dataset, 5);
    const sure = [...pixels.keys()].filter((i) => Math.abs(pixels[i]! - 0.5) > 0.1);
    expect(sure.filter((i) => pixels[i]! > 0.5).length).toBeGreaterThan(10);
    for (const i of sure) expect(mask[i]).toBe(pixels[i]! > 0.5 ? 1 : 0);
    await cp(other, was);
  });

  test("are reported when read if they cannot be decoded", async () => {
    await addTrimap(5);
    await writeFile(join(root, "trimaps", "image_0005.png"), "not a picture");
    const all = await openDataset(`${root}:all`, SIZE);
    await expect(maskOf(all, 5)).rejects.toThrow(/image_0005\.png: is not a JPEG, PNG or WebP/);
  });
});
