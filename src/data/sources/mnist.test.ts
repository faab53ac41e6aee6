import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError } from "../../errors/index.js";
import { createGenerator } from "../../tensor/index.js";
import { datasetInfo, openDataset, takeSample } from "../index.js";

test("MNIST has its published counts", async () => {
  const [train, test] = [await openDataset("mnist"), await openDataset("mnist:test")];
  expect([train.length, test.length]).toEqual([60_000, 10_000]);
  expect(datasetInfo(test).classes.map(({ images }) => images)).toEqual([
    980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
  ]);
  expect(Array.from(train.labels.slice(0, 6))).toEqual([5, 0, 4, 1, 9, 2]);
  const some = await openDataset("mnist:test", { classes: ["9", "1"] });
  expect(datasetInfo(some).classes).toEqual([
    { name: "9", images: 1009 },
    { name: "1", images: 1135 },
  ]);
});

test("a sample is balanced by class, drawn from the whole set, and depends on the seed alone", async () => {
  const whole = await openDataset("mnist:test");
  const sample = takeSample(whole, 1000, createGenerator(5));
  expect(datasetInfo(sample).classes.every(({ images }) => images === 100)).toBe(true);
  const places = Array.from({ length: 1000 }, (_, i) => Number(sample.fileName(i).split("#")[1]));
  expect(new Set(places).size).toBe(1000);
  expect(places.filter((place) => place >= 5000).length).toBeGreaterThan(400);
  const again = takeSample(whole, 1000, createGenerator(5));
  expect([...again.sourceIndices!]).toEqual([...sample.sourceIndices!]);
});

describe("folders of IDX files", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-idx-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const idx = (shape: number[], data: number[], type = 8): Buffer => {
    const header = Buffer.alloc(4 + 4 * shape.length);
    header.writeUInt32BE((type << 8) | shape.length, 0);
    shape.forEach((dim, i) => header.writeUInt32BE(dim, 4 + 4 * i));
    return Buffer.concat([header, Buffer.from(data)]);
  };
  const write = async (images: Buffer, labels: Buffer, suffix = ""): Promise<void> => {
    await writeFile(join(folder, `train-images-idx3-ubyte${suffix}`), images);
    await writeFile(join(folder, `train-labels-idx1-ubyte${suffix}`), labels);
  };
  const images = idx([2, 2, 2], [0, 255, 51, 102, 1, 2, 3, 4]);
  const labels = idx([2], [3, 9]);

  test.each([
    ["plain", (b: Buffer) => b, ""],
    ["compressed", (b: Buffer) => gzipSync(b), ".gz"],
  ])("are read %s", async (_, pack, suffix) => {
    await write(pack(images), pack(labels), suffix);
    const dataset = await openDataset(folder);
    const out = new Float32Array(4);
    await dataset.read(0, out);
    expect([...out]).toEqual([0, 1, Math.fround(0.2), Math.fround(0.4)]);
    expect([...dataset.labels]).toEqual([3, 9]);
  });

  test.each([
    ["a truncated file", images.subarray(0, 20), labels, /train-images-idx3-ubyte: is truncated/],
    ["a file truncated in its header", images.subarray(0, 3), labels, /is truncated/],
    ["a file that is too long", Buffer.concat([images, Buffer.of(0)]), labels, /is too long/],
    ["another magic number", idx([2, 2, 2], [], 0x0d), labels, /not an IDX file/],
    ["a label out of range", images, idx([2], [3, 10]), /label 10 of image 1 is out of range 0 … 9/],
    ["files that disagree", images, idx([3], [0, 1, 2]), /has 3 labels, but .* has 2 images/],
    ["absurd dimensions", idx([4294967295, 65535, 65535], []), labels, /is truncated/],
  ])("%s is reported", async (_, first, second, words) => {
    await write(first, second);
    const error = await openDataset(folder).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(words);
  });

  test("a missing file and damaged compression are reported", async () => {
    await writeFile(join(folder, "train-images-idx3-ubyte"), images);
    await expect(openDataset(folder)).rejects.toThrow(/has no train-labels-idx1-ubyte/);
    await copyFile(join(folder, "train-images-idx3-ubyte"), join(folder, "train-labels-idx1-ubyte.gz"));
    await expect(openDataset(folder)).rejects.toThrow(/cannot be inflated/);
  });
});
