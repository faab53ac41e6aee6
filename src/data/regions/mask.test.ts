import { rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  NONE,
  SQUARE,
  drawn,
  folder,
  inFolderOfPictures,
  maskOf,
  picture,
  put,
  regionOf,
} from "../../../test/regions.js";
import { datasetInfo, openDataset } from "../index.js";

inFolderOfPictures();

describe("masks", () => {
  test("are found by the picture's name and cropped with it; every pixel that is not black counts", async () => {
    const rows = ["111111......", ...Array<string>(6).fill("...2........"), ".........33."];
    await put(
      "masks/cat/1.png",
      await drawn(...rows)
        .png()
        .toBuffer(),
    );
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    expect(await maskOf(all, "cat/1.png")).toEqual([
      "1111....",
      ...Array<string>(6).fill(".1......"),
      ".......1",
    ]);
    expect(await maskOf(all, "dog/1.png")).toEqual(NONE);
    expect([0, 1, 2, 3].map((i) => all.hasMask!(i))).toEqual([true, false, false, false]);
    expect(datasetInfo(all)).toMatchObject({ masks: 1, maskSource: "mask" });
    expect(all.description).toContain("Key regions: masks for 1 of its 4 images.");
  });

  test("of another size are scaled to the picture: half as large, or stretched with it", async () => {
    await put(
      "masks/dog/2.webp",
      await drawn("1.....", "......", "......", ".....1").webp({ lossless: true }).toBuffer(),
    );
    expect(await regionOf("dog/2.png", { size: { height: 4, width: 6 }, fit: "stretch" })).toEqual([
      "1.....",
      "......",
      "......",
      ".....1",
    ]);
  });

  test("half as large and cropped: placed where the picture's content lies", async () => {
    const half = ["......", "..1...", "..1...", "......"];
    await put(
      "masks/cat/2.png",
      await drawn(...half)
        .png()
        .toBuffer(),
    );
    const white = sharp(
      Buffer.from(
        Array.from({ length: 96 }, (_, i) => (half[Math.floor(i / 24)]![(i % 12) >> 1] === "1" ? 255 : 0)),
      ),
      {
        raw: { width: 12, height: 8, channels: 1 },
      },
    );
    await put("cat/2.png", await white.png().toBuffer());
    for (const options of [SQUARE, { ...SQUARE, cropFraction: 0.5 }, { size: { height: 4, width: 5 } }]) {
      const all = await openDataset(`${folder.path}:all`, { ...options, channels: 1 });
      const pixels = new Float32Array(all.height * all.width);
      await all.read(1, pixels);
      const mask = (await maskOf(all, "cat/2.png")).join("");
      expect(mask).toContain("1");
      Array.from(pixels, (value, i) => expect(mask[i]).toBe(value >= 128 / 255 ? "1" : "."));
    }
  });

  test.each([
    ["a JPEG", () => drawn("1.").jpeg(), /is a JPEG image, whose compression blurs/],
    [
      "another shape",
      () => drawn("11", "11", "11", "11").png(),
      /has 2 × 4 pixels, another aspect ratio than its image's 12 × 8/,
    ],
    [
      "16 bits",
      () =>
        sharp({ create: { width: 12, height: 8, channels: 3, background: "#111" } })
          .toColourspace("rgb16")
          .png(),
      /more than 8 bits/,
    ],
  ])("that are %s are refused by name before training", async (_, make, words) => {
    await put("masks/cat/1.png", await make().toBuffer());
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    await expect(maskOf(all, "cat/1.png")).rejects.toThrow(words);
    await expect(all.regions!.fingerprint()).rejects.toThrow(/masks.cat.1\.png/);
  });

  test("that are not pictures are refused", async () => {
    await put("masks/cat/1.png", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    await expect(regionOf("cat/1.png")).rejects.toThrow(/1\.png: is not a PNG or WebP image/);
  });

  test("that are truncated are refused, and --skip-unreadable is not suggested", async () => {
    const whole = await picture();
    await put("masks/cat/1.png", whole.subarray(0, whole.length - 30));
    const error = await regionOf("cat/1.png").catch((e: unknown) => e);
    expect((error as Error).message).toMatch(/masks.cat.1\.png: cannot be decoded[^]*8-bit PNG/);
    expect((error as Error).message).not.toContain("skip-unreadable");
  });

  test("form no class of their own; a class named masks does", async () => {
    await put("masks/cat/1.png", await drawn("1.").png().toBuffer());
    expect((await openDataset(folder.path, SQUARE)).classNames).toEqual(["cat", "dog"]);
    await rm(join(folder.path, "masks"), { recursive: true });
    await put("masks/1.png", await picture());
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    expect([all.classNames, all.mask]).toEqual([["cat", "dog", "masks"], undefined]);
  });
});
