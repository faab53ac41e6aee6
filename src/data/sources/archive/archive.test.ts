import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  blue,
  folder,
  inFolderOfArchives,
  kept,
  red,
  said,
  tarOf,
  treeOf,
  zipOf,
  type Files,
} from "../../../../test/archives.js";
import { createGenerator } from "../../../tensor/index.js";
import { checkData, createLoader, openDataset } from "../../index.js";

inFolderOfArchives();
const size = { size: { height: 4, width: 4 } };

describe.each([
  ["stored.zip", (files: Files) => zipOf(files)],
  ["deflated.zip", (files: Files) => zipOf(files, { deflate: true })],
  ["plain.tar", (files: Files) => tarOf(files)],
  ["zipped.tar.gz", async (files: Files) => gzipSync(await tarOf(files))],
])("%s", (name, make) => {
  test("an archive with class folders is read, and a loader's workers share its pictures", async () => {
    const path = await kept(name, await make(treeOf("pets/")));
    const train = await openDataset(path, size);
    const held = await openDataset(`${path}:test`, size);
    expect([train.length, held.length, train.classNames]).toEqual([8, 2, ["cats", "dogs"]]);
    expect(train.description).toContain("2 of its 10 pictures");
    const whole = await openDataset(path, { ...size, split: "test", whole: true });
    expect([whole.length, whole.split]).toEqual([10, "all"]);
    const loader = createLoader(train, { batchSize: 8, random: createGenerator(0), workers: 1 });
    const batch = await loader.batch(0);
    await loader.dispose();
    batch.labels.forEach((label, i) => {
      const [r, , b] = [0, 16, 32].map((plane) => batch.images[i * 48 + plane]);
      expect([r, b]).toEqual(label === 0 ? [1, 0] : [0, 1]);
    });
  });

  test("numeric classes are in numeric order, and two Unicode forms of a name are one class", async () => {
    const numbers = Array.from({ length: 12 }, (_, i) => String(i));
    const numbered = Object.fromEntries(numbers.map((each) => [`${each}/a.png`, red]));
    const path = await kept(`numbered-${name}`, await make(numbered));
    expect((await openDataset(`${path}:all`, size)).classNames).toEqual(numbers);
    const forms = { "caf\u00e9/1.png": red, "cafe\u0301/2.png": red, "dog/1.png": blue };
    const two = await kept(`forms-${name}`, await make(forms));
    const { classNames, labels } = await openDataset(`${two}:all`, {
      ...size,
      classes: ["cafe\u0301", "dog"],
    });
    expect([classNames, labels.length]).toEqual([["caf\u00e9", "dog"], 3]);
  });

  test("a capitalised split name that holds pictures is a class", async () => {
    const names = ["Bus", "Car", "Train"];
    const files = Object.fromEntries(names.map((each) => [`${each}/1.png`, red]));
    const path = await kept(`vehicles-${name}`, await make(files));
    expect((await openDataset(`${path}:all`, size)).classNames).toEqual(names);
    const some = await openDataset(`${path}:all`, { ...size, classes: ["Train", "Bus"] });
    expect([some.classNames, some.length]).toEqual([["Train", "Bus"], 2]);
    const split = Object.fromEntries(
      ["Train", "Test"].flatMap((each) => ["cats", "dogs"].map((pet) => [`${each}/${pet}/1.png`, red])),
    );
    const owned = await kept(`owned-${name}`, await make(split));
    expect((await openDataset(owned, { ...size, split: "test" })).length).toBe(2);
    const { "Test/cats/1.png": unlabelled, "Test/dogs/1.png": _, ...train } = split;
    const flat = await kept(`flat-${name}`, await make({ ...train, "Test/1.png": unlabelled! }));
    expect((await openDataset(`${flat}:all`, size)).classNames).toEqual(["cats", "dogs"]);
  });

  test("the owner's splits are kept, and only the requested classes", async () => {
    const files = {
      ...treeOf("train/"),
      ...treeOf("val/"),
      "train/fish/0.png": red,
      "val/fish/0.png": red,
      "train/._0.png": "x",
    };
    const path = await kept(`split-${name}`, await make(files));
    expect((await openDataset(path, size)).classNames).toEqual(["cats", "dogs", "fish"]);
    const some = await openDataset(`${path}:test`, { ...size, classes: ["cats", "fish"] });
    expect([some.classNames, some.length, some.fileName(0)]).toEqual([["cats", "fish"], 6, "val/cats/0.png"]);
    const typo = openDataset(path, { ...size, classes: ["cats", "dogs", "fsh"] });
    expect(await said(typo)).toMatch(/has no class "fsh"[^]*"fish"/);
  });
});

describe("splits made by the owners", () => {
  test("an archive with only a held-out split is checked once: nothing can leak", async () => {
    const files = (split: string, shade: Buffer): Files => ({
      [`${split}/cats/0.png`]: shade,
      [`${split}/dogs/0.png`]: Buffer.concat([shade, Buffer.alloc(1)]),
    });
    const path = await kept("check.zip", zipOf({ ...files("train", red), ...files("test", blue) }));
    const { check } = await checkData(path);
    expect(check.splits).toEqual([
      { name: "train", images: 2 },
      { name: "test", images: 2 },
    ]);
    expect(check.images).toBe(4);
    expect(check.duplicates.filter(({ acrossSplits }) => acrossSplits)).toEqual([]);
    const dealt = await kept("check-dealt.zip", zipOf(treeOf("")));
    expect((await checkData(dealt)).check.images).toBe(10);
  });

  test.each(["validation_set", "Validation", "valid", "test_set"])("%s is never trained on", async (held) => {
    const path = await kept(`${held}.zip`, zipOf({ ...treeOf("training_set/"), ...treeOf(`${held}/`) }));
    const train = await openDataset(path, size);
    expect([train.length, train.description]).toEqual([10, expect.not.stringContaining("seed")]);
    for (const split of ["val", "test"]) {
      const only = await openDataset(`${path}:${split}`, size);
      expect([only.split, only.fileName(0)]).toEqual(["test", `${held}/cats/0.png`]);
    }
  });

  test("pictures outside the owner's splits are not dealt", async () => {
    const path = await kept("mixed.zip", zipOf({ ...treeOf("train/"), "more/cats/7.png": red }));
    expect(await said(openDataset(path, size))).toMatch(/outside them, such as "more\/cats\/7.png"/);
    expect((await openDataset(`${path}:all`, size)).length).toBe(11);
  });

  test("a training set alone is dealt, even for an evaluation", async () => {
    const path = await kept("train-only.zip", zipOf(treeOf("train/")));
    expect((await openDataset(path, { ...size, split: "test", whole: true })).length).toBe(2);
  });

  test("a test set alone is not trained on", async () => {
    const path = await kept("test-only.zip", zipOf(treeOf("test/")));
    expect(await said(openDataset(path, size))).toMatch(/has no split "train"[^]*It has test/);
  });
});

describe("layouts made by the owners", () => {
  test("Kaggle's Dogs-vs-Cats: a zip of zips, labels in the file names, a test set without labels", async () => {
    const train: Files = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`train/${i % 2 ? "dog" : "cat"}.${i}.jpg`, i % 2 ? blue : red]),
    );
    const outer = {
      "train.zip": zipOf(train, { deflate: true }),
      "test1.zip": zipOf({ "test1/1.jpg": red }),
    };
    const path = await kept("dogs-vs-cats.zip", zipOf(outer));
    const data = await openDataset(`${path}:all`, size);
    expect([data.length, data.classNames]).toEqual([10, ["cat", "dog"]]);
    expect((await openDataset(`${path}:test`, size)).length).toBe(2);
    expect((await openDataset(`${path}:all`, { ...size, classes: ["cat", "dog"] })).length).toBe(10);
  });

  test("masks in the archive are not pictures of its classes; a class named masks is", async () => {
    const masks = { "pets/masks/cats/0.webp": blue, "pets/masks/dogs/0.png": red };
    const path = await kept("masks.zip", zipOf({ ...treeOf("pets/"), ...masks }));
    expect((await openDataset(`${path}:all`, size)).length).toBe(10);
    const worn = await kept("worn.zip", zipOf({ ...treeOf("pets/"), "pets/masks/0.png": red }));
    expect((await openDataset(`${worn}:all`, size)).classNames).toEqual(["cats", "dogs", "masks"]);
  });

  test("ImageNet: a tar of one tar per class, and a folder of them", async () => {
    const fish = await tarOf({ "n01440764_1.JPEG": red, "n01440764_2.JPEG": red });
    const shark = await tarOf({ "n01484850_7.JPEG": blue, "n01484850_8.JPEG": blue });
    const path = await kept(
      "ILSVRC2012_img_train.tar",
      await tarOf({ "n01440764.tar": fish, "n01484850.tar": shark }),
    );
    const data = await openDataset(`${path}:all`, size);
    expect([data.classNames, Array.from(data.labels)]).toEqual([
      ["n01440764", "n01484850"],
      [0, 0, 1, 1],
    ]);
    const whole = join(folder.path, "imagenet");
    await mkdir(whole);
    await writeFile(join(whole, "n01440764.tar"), fish);
    await writeFile(join(whole, "n01484850.tar"), shark);
    const same = await openDataset(`${whole}:all`, size);
    expect([same.classNames, same.length]).toEqual([data.classNames, 4]);
  });

  test("ImageNet: only tars of requested classes are read, and the archive may be of any size", async () => {
    const pictures = await tarOf({ "1.JPEG": red, "2.JPEG": blue });
    const tars = {
      "n01440764.tar": pictures,
      "n01484850.tar": pictures,
      "n02084071.tar": Buffer.from("no tar".repeat(200)),
    };
    const path = await kept("of-tars.tar", await tarOf(tars));
    const whole = join(folder.path, "of-tars");
    await mkdir(whole);
    for (const [name, bytes] of Object.entries(tars)) await writeFile(join(whole, name), bytes);
    for (const place of [path, whole]) {
      expect(await said(openDataset(`${place}:all`, size))).toMatch(/n02084071.tar/);
      const classes = ["n01484850", "n01440764"];
      const some = await openDataset(`${place}:all`, { ...size, classes });
      expect([some.classNames, some.length]).toEqual([classes, 4]);
      const typo = openDataset(place, { ...size, classes: ["n01440764", "n02084072"] });
      expect(await said(typo)).toMatch(/has no class "n02084072"[^]*Did you mean "n02084071"/);
    }
  });
});
