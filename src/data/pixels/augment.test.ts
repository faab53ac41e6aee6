import { describe, expect, test } from "vitest";
import { fixture } from "../../../test/fixture.js";
import { sampleAffine } from "./affine.js";
import { jitterColour, type Jitter } from "./colour-jitter.js";

/** torchvision (scripts/fixtures/augment.py). */
const expected = fixture("augment");
const pixels = expected("image").data as Uint8Array;
const shape = { channels: 3, height: 12, width: 10 };
const NONE: Jitter = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };

function expectSame(
  ours: Float32Array,
  key: string,
  compared: (y: number, x: number) => boolean = () => true,
): void {
  const theirs = expected(key).data as Float32Array;
  expect(ours).toHaveLength(theirs.length);
  const { height, width } = shape;
  const error = ours.reduce((most, value, i) => {
    const counts = compared(Math.floor(i / width) % height, i % width);
    return counts ? Math.max(most, Math.abs(value - theirs[i]!)) : most;
  }, 0);
  expect(error, key).toBeLessThan(1e-6);
}

describe("colour jitter matches torchvision", () => {
  const jittered = (jitter: Partial<Jitter>): Float32Array => {
    const image = Float32Array.from(pixels, (value) => value / 255);
    jitterColour(image, shape, { ...NONE, ...jitter });
    return image;
  };

  test.each(["brightness", "contrast", "saturation"] as const)("%s", (field) => {
    for (const factor of [0.6, 1, 1.7])
      expectSame(jittered({ [field]: factor }), `${field}.${factor.toFixed(1)}`);
  });

  test("hue", () => {
    for (const hue of [-0.5, -0.13, 0, 0.2, 0.5]) {
      expectSame(jittered({ hue }), `hue.${Number.isInteger(hue) ? hue.toFixed(1) : hue}`);
    }
  });

  test("all of them, in torchvision's order", () => {
    expectSame(jittered({ brightness: 1.2, contrast: 0.8, saturation: 1.4, hue: 0.1 }), "all");
  });
});

/** At its edge the pixels beyond the box take part, where torchvision repeats the box's own. */
describe("a resized crop matches torchvision within half a pixel of its edge", () => {
  const boxes = [
    [0, 0, 12, 10],
    [2, 3, 6, 5],
    [5, 0, 7, 9],
    [1, 1, 3, 8],
  ] as const;

  test.each(boxes)("from row %i, column %i, %i high, %i wide, also mirrored", (top, left, height, width) => {
    const { height: rows, width: columns } = shape;
    const map = { xx: width / columns, xy: 0, x0: left, yx: 0, yy: height / rows, y0: top };
    const mirrored = { ...map, xx: -map.xx, x0: left + width };
    const inner = (place: number, from: number, size: number): boolean =>
      place >= from + 0.5 && place <= from + size - 0.5;
    [map, mirrored].forEach((each, flip) => {
      const compared = (y: number, x: number): boolean =>
        inner(each.yy * (y + 0.5) + each.y0, top, height) &&
        inner(each.xx * (x + 0.5) + each.x0, left, width);
      const out = new Float32Array(pixels.length);
      sampleAffine(pixels, out, shape, each);
      expectSame(out, `crop.${top}.${left}.${height}.${width}.${flip}`, compared);
    });
  });
});
