import { expect, it } from "vitest";

import { decodeRaster, encodeMap, encodeRaster } from "./raster.js";

it("stores channels last and comes back within half a level", () => {
  const values = Float32Array.from([0, 0.25, 0.5, 0.75, 1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  const raster = encodeRaster(values, { channels: 3, height: 2, width: 2 });
  const back = decodeRaster(raster);
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < 4; p++) expect(Math.abs(back[p * 3 + c]! - values[c * 4 + p]!)).toBeLessThan(1 / 509);
  }
});

it("keeps signed perturbations and clips what is outside", () => {
  const raster = encodeRaster(
    Float32Array.from([-0.3, 0, 0.3, 9]),
    { channels: 1, height: 2, width: 2 },
    { minimum: -0.3, maximum: 0.3 },
  );
  const back = decodeRaster(raster);
  expect(back[0]).toBeCloseTo(-0.3, 6);
  expect(Math.abs(back[1]!)).toBeLessThan(0.002);
  expect(back[3]).toBeCloseTo(0.3, 6);
});

it("scales a map to its largest value, an empty one too", () => {
  expect(encodeMap(Float32Array.from([0, 4, 2, 1]), 2, 2).maximum).toBe(4);
  expect([...decodeRaster(encodeMap(new Float32Array(4), 2, 2))]).toEqual([0, 0, 0, 0]);
  expect([...decodeRaster(encodeMap(Float32Array.of(Infinity, 2, NaN, 0), 2, 2))]).toEqual([2, 2, 0, 0]);
});

it("refuses a wrong length and an empty range", () => {
  const shape = { channels: 1, height: 2, width: 2 };
  expect(() => encodeRaster(new Float32Array(3), shape)).toThrow(/cannot hold 3 values/);
  expect(() => encodeRaster(new Float32Array(4), shape, { minimum: 1, maximum: 1 })).toThrow(/empty/);
});
