import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { plainPicture, tarOf } from "../../../test/archives.js";
import { InputError } from "../../errors/index.js";
import { checkData, datasetInfo, openDataset, type Dataset, type OpenOptions } from "../index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-regions-"));
  for (const name of ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]) await put(name, await picture());
});
afterEach(() => rm(root, { recursive: true }));

async function put(name: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), bytes);
}

/** 12 wide and 8 high; its middle square is columns 2 … 9. */
const picture = (width = 12, height = 8): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: "#346" } })
    .png()
    .toBuffer();

/** A gray picture drawn in lines: a dot is 0, a digit its value. */
const drawn = (...lines: readonly string[]): Sharp =>
  sharp(Buffer.from(lines.flatMap((line) => Array.from(line, (dot) => (dot === "." ? 0 : Number(dot))))), {
    raw: { width: lines[0]!.length, height: lines.length, channels: 1 },
  });

const SQUARE = { size: { height: 8, width: 8 } };

async function maskOf(dataset: Dataset, name: string): Promise<string[]> {
  const index = Array.from({ length: dataset.length }, (_, i) => dataset.fileName(i)).indexOf(name);
  const out = new Uint8Array(dataset.height * dataset.width).fill(9);
  await dataset.mask!(index, out);
  return Array.from({ length: dataset.height }, (_, y) =>
    Array.from(out.subarray(y * dataset.width, (y + 1) * dataset.width), (value) =>
      value === 0 ? "." : String(value),
    ).join(""),
  );
}
const regionOf = async (name: string, options: OpenOptions = SQUARE): Promise<string[]> =>
  maskOf(await openDataset(`${root}:all`, options), name);

const xml = (objects: string, size = "<size><width>12</width><height>8</height><depth>3</depth></size>") =>
  `<annotation><filename>1</filename>${size}${objects}</annotation>`;
const object = (box: readonly (number | string)[], name = "thing"): string =>
  `<object><name>${name}</name><bndbox>${["xmin", "ymin", "xmax", "ymax"]
    .map((edge, i) => `<${edge}>${box[i]!}</${edge}>`)
    .join("")}</bndbox></object>`;

const NONE = Array<string>(8).fill("........");

describe("masks", () => {
  test("lie under the same name, are cut as their picture is, and what is not black is region", async () => {
    const rows = ["111111......", ...Array<string>(6).fill("...2........"), ".........33."];
    await put(
      "masks/cat/1.png",
      await drawn(...rows)
        .png()
        .toBuffer(),
    );
    const all = await openDataset(`${root}:all`, SQUARE);
    expect(await maskOf(all, "cat/1.png")).toEqual([
      "1111....",
      ...Array<string>(6).fill(".1......"),
      ".......1",
    ]);
    expect(await maskOf(all, "dog/1.png")).toEqual(NONE);
    expect([0, 1, 2, 3].map((i) => all.hasMask!(i))).toEqual([true, false, false, false]);
    expect(datasetInfo(all)).toMatchObject({ masks: 1, maskSource: "mask" });
    expect(all.description).toContain("Key regions: masks of 1 of its 4 images.");
  });

  test("of another size are brought to their picture's: half as large, stretched with it", async () => {
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

  test("half as large and cropped: where the picture's own content lies", async () => {
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
      const all = await openDataset(`${root}:all`, { ...options, channels: 1 });
      const pixels = new Float32Array(all.height * all.width);
      await all.read(1, pixels);
      const mask = (await maskOf(all, "cat/2.png")).join("");
      expect(mask).toContain("1");
      Array.from(pixels, (value, i) => expect(mask[i]).toBe(value >= 128 / 255 ? "1" : "."));
    }
  });

  test.each([
    ["a JPEG", () => drawn("1.").jpeg(), /is a JPEG image, which blurs/],
    [
      "another shape",
      () => drawn("11", "11", "11", "11").png(),
      /has 2 × 4 pixels, another shape than its picture's 12 × 8/,
    ],
    [
      "16 bits",
      () =>
        sharp({ create: { width: 12, height: 8, channels: 3, background: "#111" } })
          .toColourspace("rgb16")
          .png(),
      /more than 8 bits/,
    ],
  ])("that are %s are refused by name, before anything is trained", async (_, make, words) => {
    await put("masks/cat/1.png", await make().toBuffer());
    const all = await openDataset(`${root}:all`, SQUARE);
    await expect(maskOf(all, "cat/1.png")).rejects.toThrow(words);
    await expect(all.regions!.fingerprint()).rejects.toThrow(/masks.cat.1\.png/);
  });

  test("that are no picture are refused", async () => {
    await put("masks/cat/1.png", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    await expect(regionOf("cat/1.png")).rejects.toThrow(/1\.png: is not a PNG or WebP image/);
  });

  test("that are cut off are refused, and --skip-unreadable is no remedy", async () => {
    const whole = await picture();
    await put("masks/cat/1.png", whole.subarray(0, whole.length - 30));
    const error = await regionOf("cat/1.png").catch((e: unknown) => e);
    expect((error as Error).message).toMatch(/masks.cat.1\.png: cannot be decoded[^]*8-bit PNG/);
    expect((error as Error).message).not.toContain("skip-unreadable");
  });

  test("make no class of their own; a class called masks is one", async () => {
    await put("masks/cat/1.png", await drawn("1.").png().toBuffer());
    expect((await openDataset(root, SQUARE)).classNames).toEqual(["cat", "dog"]);
    await rm(join(root, "masks"), { recursive: true });
    await put("masks/1.png", await picture());
    const all = await openDataset(`${root}:all`, SQUARE);
    expect([all.classNames, all.mask]).toEqual([["cat", "dog", "masks"], undefined]);
  });
});

describe("boxes.csv", () => {
  test("several boxes a picture, in its pixels, cut off at its edges", async () => {
    await put(
      "boxes.csv",
      "file,x,y,width,height\ncat/1.png,3,1,2,2\n./cat/1.png,8,6,90,90\ndog/2.png,-5,-5,9,6.4\n",
    );
    const all = await openDataset(`${root}:all`, SQUARE);
    expect(await maskOf(all, "cat/1.png")).toEqual([
      "........",
      ".11.....",
      ".11.....",
      ...NONE.slice(3, 6),
      "......11",
      "......11",
    ]);
    expect(await maskOf(all, "dog/2.png")).toEqual(["11......", ...NONE.slice(1)]);
    expect([all.regions!.source, all.description]).toEqual([
      "box",
      expect.stringContaining("Key regions: boxes of 2 of its 4 images."),
    ]);
  });

  test.each([
    ["cat/1.png,NaN,1,2,2", /line 2: has "NaN" for x, which is no number/],
    ["cat/1.png,1,1,Infinity,2", /line 2: has "Infinity" for width/],
    ["cat/1.png,1,1,2,", /line 2: has "" for height/],
    ["cat/1.png,1,1,2,-3", /line 2: has a box of 2 × -3 pixels/],
    ["../cat/1.png,1,1,2,2", /line 2: "..\/cat\/1.png" leads out of the folder/],
    ["cat/1.png,1,1,2", /Invalid Record Length/],
  ])("%s is refused", async (line, words) => {
    await put("boxes.csv", `file,x,y,width,height\n${line}\n`);
    await expect(openDataset(root)).rejects.toThrow(words);
  });

  test("with other columns is refused, unless it is the table of the pictures", async () => {
    await put("boxes.csv", "file,left,top\ncat/1.png,1,2\n");
    await expect(openDataset(root)).rejects.toThrow(/columns file, left, top; it needs file, x, y, width/);
    await put("boxes.csv", "file,label\ncat/1.png,a\ncat/2.png,a\ndog/1.png,b\ndog/2.png,b\n");
    expect((await openDataset(`${join(root, "boxes.csv")}:all`)).mask).toBeUndefined();
  });
});

describe("annotations", () => {
  test.each(["Annotation", "Annotations", "annotations", "bbox"])(
    "in %s, scaled from the size they state",
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

  test("without a size, or with that of 0 × 0 some tools write, are in the picture's pixels", async () => {
    for (const size of ["", "<size><width>0</width><height>0</height></size>"]) {
      await put("Annotation/cat/1.xml", xml(object([2, 0, 4, 1]), size));
      expect(await regionOf("cat/1.png")).toEqual(["11......", ...NONE.slice(1)]);
    }
  });

  test("whose edges are the wrong way round are turned; boxes outside the picture count for nothing, and are named", async () => {
    await put("Annotation/cat/1.xml", xml(object([40, 0, 50, 5]) + object([4, 2, 2, 0])));
    expect(await regionOf("cat/1.png")).toEqual(["11......", "11......", ...NONE.slice(2)]);
    const { check } = await checkData(`${root}:all`, { open: SQUARE });
    expect(check.regions).toEqual({ images: 1, sources: ["box"] });
    expect(check.suspicious).toContainEqual({
      where: "cat/1.png",
      problem: "box 1 of 2 holds no pixel of the picture",
    });
  });

  test("ImageNet's: by WordNet id, its own objects alone, the split's folder or none, validation pictures together", async () => {
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
      const part = await openDataset(`${root}:${split}`, SQUARE);
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

  test("where Kaggle puts them: Annotations/CLS-LOC for Data/CLS-LOC", async () => {
    for (const name of ["n01440764/n01440764_1", "n01484850/n01484850_1"])
      await put(`Data/CLS-LOC/train/${name}.png`, await picture());
    await put("Annotations/CLS-LOC/train/n01440764/n01440764_1.xml", xml(object([4, 0, 5, 1])));
    const train = await openDataset(join(root, "Data", "CLS-LOC"), SQUARE);
    expect(await maskOf(train, "train/n01440764/n01440764_1.png")).toEqual(["..1.....", ...NONE.slice(1)]);
  });

  const bomb = `<!DOCTYPE a [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${xml(object(["&b;", 0, 1, 1]))}`;
  test.each([
    ["no XML", "cat 1 2 3 4", /is no XML/],
    ["cut off", xml(object([1, 1, 2, 2])).slice(0, 90), /is no XML/],
    ["an entity bomb", bomb, /is no XML: .*b/],
    [
      "a file of the machine",
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml(object(["&x;", 0, 1, 1]))}`,
      /is no XML/,
    ],
    ["markup of another kind", "<svg><object/></svg>", /begins with <svg>/],
    ["no number", xml(object(["NaN", 0, 1, 1])), /object 1: has "NaN" for xmin, which is no number/],
    ["nothing for an edge", xml(object(["", 0, 1, 1])), /object 1: has "" for xmin/],
    ["no box", xml("<object><name>x</name></object>"), /object 1: has no <bndbox>/],
    [
      "an absurd size",
      xml(object([0, 0, 1, 1]), "<size><width>1e9</width><height>8</height></size>"),
      /claims a picture of 1000000000 × 8/,
    ],
    [
      "a size below 0",
      xml(object([0, 0, 1, 1]), "<size><width>-12</width><height>8</height></size>"),
      /claims a picture of -12 × 8/,
    ],
    ["deep elements", "<a>".repeat(50_000), /is no XML|too deep/],
    ["a megabyte", xml(" ".repeat(2 ** 20)), /more than any annotation/],
  ])("with %s are refused by name, and counted by a check", async (_, text, words) => {
    await put("Annotation/cat/1.xml", text);
    const all = await openDataset(`${root}:all`, SQUARE);
    for (const read of [() => maskOf(all, "cat/1.png"), () => all.regions!.fingerprint()]) {
      const error = await read().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(words);
      expect((error as Error).message).toMatch(/Annotation.cat.1\.xml/);
    }
    const { check } = await checkData(`${root}:all`);
    expect(check.regions.images).toBe(0);
    expect(check.suspicious.map(({ where, problem }) => `${where} ${problem}`)).toContainEqual(
      expect.stringMatching(/^cat.1\.png has no usable key region: .*1\.xml/),
    );
  });
});

describe("of a dataset", () => {
  test("a mask comes before a box, the table's box before the annotation's", async () => {
    await put("boxes.csv", "file,x,y,width,height\ncat/1.png,3,0,1,1\ncat/2.png,3,0,1,1\n");
    await put(
      "masks/cat/1.png",
      await drawn("....1.......", ...Array<string>(7).fill("............"))
        .png()
        .toBuffer(),
    );
    for (const name of ["cat/1", "cat/2", "dog/1"])
      await put(`Annotation/${name}.xml`, xml(object([5, 0, 6, 1])));
    const all = await openDataset(`${root}:all`, SQUARE);
    const tops = [];
    for (const name of ["cat/1.png", "cat/2.png", "dog/1.png"]) tops.push((await maskOf(all, name))[0]);
    expect(tops).toEqual(["..1.....", ".1......", "...1...."]);
    expect(all.regions!.source).toBe("mask-and-box");
    expect(all.description).toContain("Key regions: masks of 1, boxes of 2 of its 4 images.");
  });

  test("there are none where nothing lies beside, and the fingerprint follows what does", async () => {
    const before = await openDataset(`${root}:all`, SQUARE);
    expect([before.mask, before.hasMask, before.regions]).toEqual([undefined, undefined, undefined]);
    expect(before.description).not.toContain("Key regions");
    const seen = new Set<string>();
    for (const box of ["1,1,2,2", "1,1,2,3"]) {
      await put("boxes.csv", `file,x,y,width,height\ncat/1.png,${box}\n`);
      seen.add(await (await openDataset(`${root}:all`, SQUARE)).regions!.fingerprint());
    }
    for (const dot of ["1", "2"]) {
      await put("masks/cat/1.png", await drawn(`${dot}..`, "...").png().toBuffer());
      seen.add(await (await openDataset(`${root}:all`, SQUARE)).regions!.fingerprint());
    }
    expect(seen.size).toBe(4);
  });

  test("a table of pictures has them beside itself; a part without any has none", async () => {
    await put(
      "table.csv",
      "path,label,split\ncat/1.png,a,train\ncat/2.png,a,test\ndog/1.png,b,train\ndog/2.png,b,test\n",
    );
    await put("boxes.csv", "file,x,y,width,height\ncat/2.png,2,0,1,1\n");
    const test = await openDataset(`${join(root, "table.csv")}:test`, SQUARE);
    expect(await maskOf(test, "cat/2.png")).toEqual(["1.......", ...NONE.slice(1)]);
    expect((await openDataset(`${join(root, "table.csv")}:train`, SQUARE)).mask).toBeUndefined();
  });

  test("an archive has them beside it", async () => {
    const red = await plainPicture(255, 0, 0);
    const bytes = await tarOf({ "cat/1.png": red, "cat/2.png": red, "fox/1.png": red });
    await writeFile(join(root, "pictures.tar"), bytes);
    await put("boxes.csv", "file,x,y,width,height\nfox/1.png,0,0,5,7\n");
    const all = await openDataset(`${join(root, "pictures.tar")}:all`, { size: { height: 7, width: 9 } });
    expect(await maskOf(all, "fox/1.png")).toEqual(Array<string>(7).fill("11111...."));
  });

  test("a check counts them, and names lines that name no picture and regions that the crop leaves out", async () => {
    await put(
      "boxes.csv",
      "file,x,y,width,height\ncat/1.png,3,0,1,1\ndog/2.png,0,0,2,8\npets/dog/1.png,1,1,1,1\n",
    );
    const { check } = await checkData(root, { open: SQUARE });
    expect(check.regions).toEqual({ images: 1, sources: ["box"] });
    const said = check.suspicious.map(({ where, problem }) => `${where} ${problem}`);
    expect(said).toContain("boxes.csv names 1 file that is no picture of the dataset (pets/dog/1.png)");
    expect(said).toContain("dog/2.png has a key region of which nothing is left in the fitted picture");
    await rm(join(root, "boxes.csv"));
    await put("masks/cat/1.png", await drawn("1.").png().toBuffer());
    await put("Annotation/cat/1.xml", xml(object([1, 1, 2, 2])));
    const plain = (await checkData(root)).check.suspicious.map(({ where, problem }) => `${where} ${problem}`);
    expect(plain.filter((each) => /masks|Annotation/.test(each) && !each.includes("usable"))).toEqual([]);
  });
});
