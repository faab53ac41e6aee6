import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { resize, type Interpolation } from "./resize.js";

interface Case {
  readonly from: [number, number];
  readonly to: [number, number];
  readonly channels: number;
  readonly interpolation: Interpolation;
}

/** Written by `scripts/fixtures/resize.py` with Pillow. */
const cases = JSON.parse(readFileSync("test/fixtures/resize.json", "utf8")) as Case[];
const bytes = new Uint8Array(readFileSync("test/fixtures/resize.bin"));

test("resizing gives Pillow's bytes, larger and smaller; within 1 of 255 (bicubic 2) where the sides go opposite ways", () => {
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
