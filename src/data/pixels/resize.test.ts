import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fitImage } from "./fit.js";
import { resize, type ByteImage, type Interpolation } from "./resize.js";

interface Case {
  readonly from: [number, number];
  readonly to: [number, number];
  readonly channels: number;
  readonly interpolation: Interpolation;
}

/** Written by `scripts/fixtures/resize.py` with Pillow. */
const cases = JSON.parse(readFileSync("test/fixtures/resize.json", "utf8")) as Case[];
const bytes = new Uint8Array(readFileSync("test/fixtures/resize.bin"));

test("resizing gives Pillow's bytes; within 1 of 255 (bicubic 2) if one side grows and the other shrinks", () => {
  let at = 0;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  for (const { from, to, channels, interpolation } of cases) {
    const data = take(from[0] * from[1] * channels);
    const expected = take(to[0] * to[1] * channels);
    const image = { width: from[0], height: from[1], channels, data };
    const ours = resize(image, to[0], to[1], interpolation).data;
    const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    // Where one side grows and the other shrinks Pillow may round between its passes in another order.
    const mixed = Math.sign(to[0] - from[0]) !== Math.sign(to[1] - from[1]);
    expect(worst).toBeLessThanOrEqual(!mixed ? 0 : interpolation === "bilinear" ? 1 : 2);
  }
  expect(at).toBe(bytes.length);
});

const picture = (width: number, height: number): ByteImage => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256),
});

test.each([
  ["larger", 37, 29],
  ["smaller", 9, 7],
  ["as wide as before", 20, 31],
  ["as high as before", 33, 15],
  ["as it was", 20, 15],
])("a region of an image that becomes %s has the same bytes as in the whole image", (_, width, height) => {
  const image = picture(20, 15);
  for (const interpolation of ["bilinear", "bicubic"] as const) {
    const whole = resize(image, width, height, interpolation).data;
    const part = { left: 2, top: 1, width: width - 5, height: height - 3 };
    const rows = Array.from({ length: part.height }, (_, y) => {
      const from = 3 * ((y + part.top) * width + part.left);
      return whole.slice(from, from + 3 * part.width);
    });
    const made = resize(image, width, height, interpolation, undefined, part);
    expect([made.width, made.height]).toEqual([part.width, part.height]);
    expect(Buffer.from(made.data).equals(Buffer.concat(rows))).toBe(true);
  }
});

test.each([
  [1, 65_535],
  [65_535, 1],
])("only the crop is computed, from a picture of %i × %i", (width, height) => {
  const fit = { height: 224, width: 224, channels: 3, mode: "crop", cropFraction: 0.875 } as const;
  const image = { ...picture(1, 1), width, height, data: new Uint8Array(width * height * 3).fill(200) };
  for (const interpolation of ["bilinear", "bicubic"] as const) {
    const pixels = fitImage(image, { ...fit, interpolation });
    expect(pixels.length).toBe(3 * 224 * 224);
    expect(pixels.every((value) => value === 200)).toBe(true);
  }
});
