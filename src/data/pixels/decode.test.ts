import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDataset } from "../index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-decode-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("real-world image files", () => {
  const pixel = async (name: string): Promise<number[]> => {
    await make("x.png", plain("#123456").png(), "other");
    const dataset = await openDataset(`${root}:all`, { size: { height: 4, width: 4 } });
    const index = Array.from({ length: dataset.length }, (_, i) => dataset.fileName(i)).indexOf(name);
    const out = new Float32Array(48);
    await dataset.read(index, out);
    return [0, 16, 32].map((at) => Math.round(out[at]! * 255));
  };
  const make = async (name: string, image: Sharp, folder = "a"): Promise<void> => {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, name), await image.toBuffer());
  };
  const plain = (background: string): Sharp =>
    sharp({ create: { width: 6, height: 6, channels: 3, background } });

  test("gray, 16-bit, transparent and misnamed images are read as RGB", async () => {
    await make("gray.png", plain("#808080").toColourspace("b-w").png());
    expect(await pixel("a/gray.png")).toEqual([128, 128, 128]);
    await make("deep.png", plain("#ff8000").toColourspace("rgb16").png());
    const deep = await pixel("a/deep.png");
    deep.forEach((value, c) => expect(Math.abs(value - [255, 128, 0][c]!)).toBeLessThanOrEqual(1));
    await make(
      "clear.png",
      sharp({
        create: { width: 6, height: 6, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.5 } },
      }).png(),
    );
    expect(await pixel("a/clear.png")).toEqual([9, 8, 7]);
    await make("really-a-png.jpg", plain("#010203").png());
    expect(await pixel("a/really-a-png.jpg")).toEqual([1, 2, 3]);
  });

  test("CMYK becomes RGB", async () => {
    await make("cmyk.jpg", plain("#ffffff").toColourspace("cmyk").jpeg({ quality: 100 }));
    for (const value of await pixel("a/cmyk.jpg")) expect(value).toBeGreaterThan(240);
  });

  test("EXIF orientation is ignored, as in torchvision", async () => {
    const tall = sharp({ create: { width: 4, height: 8, channels: 3, background: "#00ff00" } });
    await make("turned.jpg", tall.jpeg().withMetadata({ orientation: 6 }));
    expect((await pixel("a/turned.jpg"))[1]).toBeGreaterThan(240);
  });
});
