import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { contactSheet, openDataset } from "../../index.js";

describe("flowers", () => {
  test("depend on the seed alone, and come with the flower's mask", async () => {
    const options = { size: { height: 24, width: 24 }, perClass: 2 };
    const [a, b, other] = [
      await openDataset("flowers", options),
      await openDataset("flowers:train", options),
      await openDataset("flowers", { ...options, seed: 1 }),
    ];
    const read = async (d: typeof a, i: number): Promise<Float32Array> => {
      const out = new Float32Array(3 * 24 * 24);
      await d.read(i, out);
      return out;
    };
    expect(await read(a, 5)).toEqual(await read(b, 5));
    expect(await read(a, 5)).not.toEqual(await read(other, 5));
    expect([a.length, a.classNames.length]).toEqual([34, 17]);
    const mask = new Uint8Array(24 * 24);
    for (let i = 0; i < a.length; i++) {
      await a.mask!(i, mask);
      const share = mask.reduce((sum, each) => sum + each, 0) / mask.length;
      expect(share).toBeGreaterThan(0.01);
      expect(share).toBeLessThan(0.7);
    }
  });

  test("have only the requested kinds", async () => {
    const options = { perClass: 2, size: { height: 16, width: 16 } };
    const all = await openDataset("flowers", options);
    const names = all.classNames;
    const some = await openDataset("flowers", { ...options, classes: [names[3]!, names[5]!] });
    expect([some.length, some.classNames]).toEqual([4, [names[3], names[5]]]);
    const places = Array.from({ length: all.length }, (_, i) => all.fileName(i));
    const [found, expected] = [new Float32Array(3 * 256), new Float32Array(3 * 256)];
    for (let i = 0; i < some.length; i++) {
      await some.read(i, found);
      await all.read(places.indexOf(some.fileName(i)), expected);
      expect(found).toEqual(expected);
      expect(Math.max(...found)).toBeGreaterThan(0);
    }
  });

  test("a contact sheet shows one row per class", async () => {
    const sheet = await contactSheet(await openDataset("flowers", { perClass: 2 }), { perClass: 3 });
    const { width, height } = await sharp(sheet).metadata();
    expect([width, height]).toEqual([4 + 3 * 76, 4 + 17 * 76]);
  });
});
