import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenOptions } from "../data/index.js";
import { identityOf } from "./datasets.js";
import { checkWeights, describeDataset, planReproduction, PRESETS } from "./index.js";

const FLOWERS =
  "bluebell buttercup coltsfoot cowslip crocus daffodil daisy dandelion fritillary iris lilyvalley";
const SEVENTEEN = `${FLOWERS} pansy snowdrop sunflower tigerlily tulip windflower`.split(" ");

let root = "";
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-datasets-"))));
afterAll(() => rm(root, { recursive: true }));

async function folderOf(
  name: string,
  splits: readonly string[],
  classNames: readonly string[],
): Promise<string> {
  const background = { r: 200, g: 100, b: 0 };
  for (const path of splits.flatMap((split) => classNames.map((each) => join(root, name, split, each)))) {
    await mkdir(path, { recursive: true });
    await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toFile(join(path, "0.png"));
  }
  return join(root, name);
}

const describe8 = (data: string, options: OpenOptions = {}): ReturnType<typeof describeDataset> =>
  describeDataset(data, { size: { height: 8, width: 8 }, ...options });

async function keysOf(data: string, options: OpenOptions = {}): Promise<readonly string[]> {
  const plan = planReproduction(PRESETS["tiny"]!, [await describe8(data, options)]);
  return plan.pieces.map(({ key }) => key);
}

test("images are never chosen by that are tested on: validation only where the data have their own", async () => {
  const without = await describe8(await folderOf("without", ["train", "test"], SEVENTEEN));
  expect([without.id, without.validationSplit]).toEqual(["17flowers", null]);
  const own = await describe8(await folderOf("own", ["train", "val", "test"], SEVENTEEN));
  expect([own.id, own.validationSplit]).toEqual(["17flowers", "val"]);
  expect(own.regions).toEqual({ source: "saliency", fingerprint: null });
});

test("the paper's numbers stand beside its four ImageNet classes only", async () => {
  const paper = ["n01440764", "n01443537", "n01484850", "n02099601"];
  const [four, others] = [
    await describe8(await folderOf("four", ["train", "test"], paper)),
    await describe8(await folderOf("Others 2", ["train", "test"], ["n01440764", "n03000684"])),
  ];
  expect([four.id, others.id, others.title]).toEqual(["imagenet", "others-2", "Others 2"]);
});

test("a folder of cats and dogs is Kaggle's where its pictures are called so, and itself otherwise", async () => {
  const own = await folderOf("pets", ["train", "test"], ["cats", "dogs"]);
  expect(await describe8(own)).toMatchObject({ id: "pets", title: "pets" });
  const copy = await folderOf("dogs-vs-cats", ["train", "test"], ["cats", "dogs"]);
  expect(await describe8(copy)).toMatchObject({ title: "dogs-vs-cats, 2 classes" });
  for (const split of ["train", "test"]) {
    for (const name of ["cat", "dog"]) {
      await rename(join(own, split, `${name}s`, "0.png"), join(own, split, `${name}s`, `${name}.7.png`));
    }
  }
  expect(await describe8(own)).toMatchObject({ id: "dogs-vs-cats", title: "Dogs-vs-Cats Database" });
});

test("two datasets of one name are refused", async () => {
  const dataset = await describe8(await folderOf("twice", ["train", "test"], ["a", "b"]));
  expect(() => planReproduction(PRESETS["tiny"]!, [dataset, dataset])).toThrow(
    /has the same name as another one: "twice"/,
  );
});

test("options that change the images change the name of every piece, and only those", async () => {
  const data = await folderOf("chosen", ["train", "test"], ["a", "b", "c"]);
  const whole = await keysOf(data);
  expect(await keysOf(data, { classes: ["a", "b", "c"], flowersSplit: 2, skipUnreadable: true })).toEqual(
    whole,
  );
  await writeFile(join(data, "test", "b", "1.png"), "no picture");
  const heard: string[] = [];
  const onSkipped: OpenOptions["onSkipped"] = ({ name, skipped }) =>
    heard.push(`${name} ${skipped!.map(({ file }) => file).join()}`);
  expect(await keysOf(data, { skipUnreadable: true, onSkipped })).toEqual(whole);
  expect(heard).toEqual([`${data}:test test/b/1.png`]);
  for (const options of [{}, { classes: ["a", "c"] }]) {
    const other = await keysOf(data, options);
    expect(other).toHaveLength(whole.length);
    expect(other.filter((key) => whole.includes(key))).toEqual([]);
  }
});

test("a dataset is known as it always was: finished pieces stay finished", async () => {
  const flowers = await describeDataset("flowers", { size: { height: 32, width: 32 } });
  expect(identityOf(flowers)).toEqual({
    id: "flowers",
    fingerprint: "9bfd2eae30f29849",
    image: { channels: 3, height: 32, width: 32 },
  });
});

test("a few classes of 17 Flowers keep its validation images and lose the paper's numbers", async () => {
  const data = await folderOf("17flowers", ["train", "val", "test"], SEVENTEEN);
  const some = await describe8(data, { classes: ["daisy", "tulip"] });
  expect([some.id, some.title, some.validationSplit]).toEqual([
    "17flowers-2-classes",
    "17flowers, 2 classes",
    "val",
  ]);
  expect((await describe8(data)).id).toBe("17flowers");
});

test("weights are asked for, and refused where they are of no use, before anything is opened", () => {
  const { paper, small } = PRESETS;
  expect(() => checkWeights(paper!, ["resnet101"])).toThrow(/none are given for resnet152\n.*--weights/);
  expect(() => checkWeights(paper!, ["resnet101", "resnet152", "resnet999"])).toThrow(
    /given for resnet999, but .* paper does not train it\n {2}It trains resnet101 and resnet152\./,
  );
  expect(() => checkWeights(paper!, ["resnet101", "resnet152"])).not.toThrow();
  expect(() => checkWeights(small!, ["resnet18-narrow"])).not.toThrow();
});
