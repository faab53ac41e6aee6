import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writePictures } from "./pictures.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-pictures-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Levels of a PNG, pixel by pixel. */
async function levels(path: string): Promise<number[]> {
  return [...(await sharp(path).raw().toBuffer())];
}

test("one image is the file that was named, its pixels the nearest levels", async () => {
  const file = join(root, "one.png");
  const planes = [0, 0.2, 0.4, 0.6, 1 / 255, 0.999];
  const size = { length: 1, channels: 3, height: 1, width: 2 };
  expect(await writePictures(file, size, Float32Array.from(planes))).toEqual([file]);
  // Red, green and blue of the first pixel, then of the second.
  expect(await levels(file)).toEqual([0, 102, 1, 51, 153, 255]);
});

test("several are numbered in their order", async () => {
  const images = Float32Array.from({ length: 10 }, (_, i) => (i * 10) / 255);
  const size = { length: 10, channels: 1, height: 1, width: 1 };
  const files = await writePictures(join(root, "a.b.png"), size, images);
  expect((await readdir(root)).sort()).toEqual(files.map((file) => file.slice(root.length + 1)));
  expect(files[1]).toBe(join(root, "a.b-02.png"));
  expect((await levels(files[3]!))[0]).toBe(30);
});

test("a numbered name that is a link is replaced; what it points to stays", async () => {
  await writeFile(join(root, "model.onnx"), "a model");
  await symlink("model.onnx", join(root, "x-2.png"));
  const size = { length: 2, channels: 1, height: 1, width: 1 };
  await writePictures(join(root, "x.png"), size, Float32Array.of(0, 1));
  expect(await readFile(join(root, "model.onnx"), "utf8")).toBe("a model");
  expect((await levels(join(root, "x-2.png")))[0]).toBe(255);
});
