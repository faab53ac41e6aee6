import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  NONE,
  SQUARE,
  folder,
  inFolderOfPictures,
  maskOf,
  object,
  picture,
  put,
  regionOf,
  xml,
} from "../../../test/regions.js";
import { InputError } from "../../errors/index.js";
import { checkData, datasetInfo, openDataset } from "../index.js";

inFolderOfPictures();

describe("annotations", () => {
  test.each(["Annotation", "Annotations", "annotations", "bbox"])(
    "are found in %s and scaled from the size they state",
    async (folder) => {
      await put(
        `${folder}/cat/1.xml`,
        xml(object([12, 4, 20, 12]), "<size><width>24</width><height>16</height></size>"),
      );
      expect(await regionOf("cat/1.png")).toEqual([
        ...NONE.slice(0, 2),
        ...Array<string>(4).fill("....1111"),
        ...NONE.slice(6),
      ]);
    },
  );

  test("are in the picture's pixels if they have no size, or the 0 × 0 that some tools write", async () => {
    for (const size of ["", "<size><width>0</width><height>0</height></size>"]) {
      await put("Annotation/cat/1.xml", xml(object([2, 0, 4, 1]), size));
      expect(await regionOf("cat/1.png")).toEqual(["11......", ...NONE.slice(1)]);
    }
  });

  test("reversed edges are swapped; boxes outside the picture are ignored and reported", async () => {
    await put("Annotation/cat/1.xml", xml(object([40, 0, 50, 5]) + object([4, 2, 2, 0])));
    expect(await regionOf("cat/1.png")).toEqual(["11......", "11......", ...NONE.slice(2)]);
    const { check } = await checkData(`${folder.path}:all`, { open: SQUARE });
    expect(check.regions).toEqual({ images: 1, sources: ["box"] });
    expect(check.suspicious).toContainEqual({
      where: "cat/1.png",
      problem: "box 1 of 2 lies outside the image",
    });
  });

  test("ImageNet: by WordNet id, the class's own objects only, with or without the split's folder, validation pictures in one folder", async () => {
    const names = ["n01440764/n01440764_10026.png", "n01484850/n01484850_7.png"];
    for (const name of names)
      for (const split of ["train", "val"]) await put(`${split}/${name}`, await picture());
    await put("val/n01440764/ILSVRC2012_val_00000003.png", await picture());
    await put(
      "Annotation/n01440764/n01440764_10026.xml",
      xml(object([2, 0, 3, 1], "n02084071") + object([4, 0, 5, 1], "n01440764")),
    );
    await put("Annotation/val/ILSVRC2012_val_00000003.xml", xml(object([9, 0, 10, 1], "n02084071")));
    for (const split of ["train", "val"]) {
      const part = await openDataset(`${folder.path}:${split}`, SQUARE);
      expect(await maskOf(part, `${split}/${names[0]}`)).toEqual(["..1.....", ...NONE.slice(1)]);
      expect(datasetInfo(part).masks).toBe(split === "train" ? 1 : 2);
      if (split === "val") {
        expect(await maskOf(part, "val/n01440764/ILSVRC2012_val_00000003.png")).toEqual([
          ".......1",
          ...NONE.slice(1),
        ]);
      }
    }
  });

  test("Kaggle's layout: Annotations/CLS-LOC for Data/CLS-LOC", async () => {
    for (const name of ["n01440764/n01440764_1", "n01484850/n01484850_1"])
      await put(`Data/CLS-LOC/train/${name}.png`, await picture());
    await put("Annotations/CLS-LOC/train/n01440764/n01440764_1.xml", xml(object([4, 0, 5, 1])));
    const train = await openDataset(join(folder.path, "Data", "CLS-LOC"), SQUARE);
    expect(await maskOf(train, "train/n01440764/n01440764_1.png")).toEqual(["..1.....", ...NONE.slice(1)]);
  });

  const bomb = `<!DOCTYPE a [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${xml(object(["&b;", 0, 1, 1]))}`;
  test.each([
    ["no XML", "cat 1 2 3 4", /is not XML/],
    ["cut off", xml(object([1, 1, 2, 2])).slice(0, 90), /is not XML/],
    ["an entity bomb", bomb, /is not XML: .*b/],
    [
      "an external entity that reads a local file",
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml(object(["&x;", 0, 1, 1]))}`,
      /is not XML/,
    ],
    ["another kind of XML", "<svg><object/></svg>", /begins with <svg>/],
    ["no number", xml(object(["NaN", 0, 1, 1])), /object 1: has "NaN" for xmin, which is not a number/],
    ["nothing for an edge", xml(object(["", 0, 1, 1])), /object 1: has "" for xmin/],
    ["no box", xml("<object><name>x</name></object>"), /object 1: has no <bndbox>/],
    [
      "an absurd size",
      xml(object([0, 0, 1, 1]), "<size><width>1e9</width><height>8</height></size>"),
      /claims an image of 1000000000 × 8/,
    ],
    [
      "a size below 0",
      xml(object([0, 0, 1, 1]), "<size><width>-12</width><height>8</height></size>"),
      /claims an image of -12 × 8/,
    ],
    ["deep elements", "<a>".repeat(50_000), /is not XML|too deep/],
    ["a megabyte", xml(" ".repeat(2 ** 20)), /too many for an annotation/],
  ])("with %s are refused by name, and counted by a check", async (_, text, words) => {
    await put("Annotation/cat/1.xml", text);
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    for (const read of [() => maskOf(all, "cat/1.png"), () => all.regions!.fingerprint()]) {
      const error = await read().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(words);
      expect((error as Error).message).toMatch(/Annotation.cat.1\.xml/);
    }
    const { check } = await checkData(`${folder.path}:all`);
    expect(check.regions.images).toBe(0);
    expect(check.suspicious.map(({ where, problem }) => `${where} ${problem}`)).toContainEqual(
      expect.stringMatching(/^cat.1\.png has no usable key region: .*1\.xml/),
    );
  });
});
