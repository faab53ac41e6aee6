import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeDataset, planReproduction, PRESETS } from "./index.js";

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

const describe8 = (data: string): ReturnType<typeof describeDataset> =>
  describeDataset(data, { size: { height: 8, width: 8 } });

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

test("two datasets of one name are refused", async () => {
  const dataset = await describe8(await folderOf("twice", ["train", "test"], ["a", "b"]));
  expect(() => planReproduction(PRESETS["tiny"]!, [dataset, dataset])).toThrow(/is called "twice"/);
});
