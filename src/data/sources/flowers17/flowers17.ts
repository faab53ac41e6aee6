/**
 * The 17 Category Flower Dataset (Nilsback & Zisserman, CVPR 2006) as its owners distribute it: `jpg/` with
 * `image_0001.jpg` … `image_1360.jpg` and `files.txt`, and, where they were downloaded too,
 * `datasplits.mat` and `trimaps/`.
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { InputError } from "../../../errors/index.js";
import type { Dataset, OpenOptions } from "../../dataset/index.js";
import { namesIn } from "../folder-names.js";
import { openImageFiles } from "../image-files.js";
import { chooseFlowers } from "./splits.js";
import { readTrimap } from "./trimaps.js";

/** In the order of the files, 80 images each. */
const CLASS_NAMES = [
  "Daffodil",
  "Snowdrop",
  "Lily Valley",
  "Bluebell",
  "Crocus",
  "Iris",
  "Tigerlily",
  "Tulip",
  "Fritillary",
  "Sunflower",
  "Daisy",
  "Colts' Foot",
  "Dandelion",
  "Cowslip",
  "Buttercup",
  "Windflower",
  "Pansy",
] as const;
const PER_CLASS = 80;
const COUNT = CLASS_NAMES.length * PER_CLASS;
/** Four digits: 17 Flowers; the owners' 102 Flowers have five. */
const PICTURE = /^image_\d{4}\.jpg$/;

/**
 * The folder of the pictures: `folder/jpg`, or `folder` when it is itself called jpg or has the owners'
 * `files.txt`; undefined when it is another dataset.
 */
export function flowers17Pictures(folder: string): string | undefined {
  const inside = join(folder, "jpg");
  if (hasPictures(inside)) return inside;
  const isItself = basename(resolve(folder)) === "jpg" || existsSync(join(folder, "files.txt"));
  return isItself && hasPictures(folder) ? folder : undefined;
}

function hasPictures(folder: string): boolean {
  return existsSync(folder) && namesIn(folder).some((name) => PICTURE.test(name));
}

/**
 * One split (`train`, `val`, `test`) or `all`. The split is number `flowersSplit` of the owners' three when
 * `datasplits.mat` is there, else stratified by class and dealt by the seed, which `description` says. Masks
 * are the trimaps', for the images that have one.
 *
 * @throws InputError when pictures are missing (unless `skipUnreadable`) or the splits contradict themselves;
 *   UsageError for a split that cannot be.
 */
export async function openFlowers17(folder: string, split: string, options: OpenOptions): Promise<Dataset> {
  const pictures = flowers17Pictures(folder)!;
  if (options.skipUnreadable !== true && options.keepMissing !== true) checkComplete(pictures);
  const around = [...new Set([folder, join(pictures, "..")])];
  const labels = Int32Array.from({ length: COUNT }, (_, i) => Math.floor(i / PER_CLASS));
  const part = chooseFlowers(
    {
      folder,
      labels,
      classNames: CLASS_NAMES,
      matFiles: around.map((place) => join(place, "datasplits.mat")),
      seed: options.seed ?? 0,
      number: options.flowersSplit ?? 1,
    },
    split,
  );
  const paths = Array.from({ length: COUNT }, (_, i) => join(pictures, nameOf(i)));
  const trimaps = around.map((place) => join(place, "trimaps")).find((place) => existsSync(place));
  const files = { classNames: CLASS_NAMES, paths, labels, ...part };
  return openImageFiles(folder, split, { ...files, ...(trimaps && masksFrom(trimaps)) }, options);
}

function nameOf(index: number): string {
  return `image_${String(index + 1).padStart(4, "0")}.jpg`;
}

/** Every picture counts: its place says its class, and the splits name it by its number. */
function checkComplete(pictures: string): void {
  const there = new Set(namesIn(pictures));
  const missing = Array.from({ length: COUNT }, (_, i) => nameOf(i)).filter((name) => !there.has(name));
  if (missing.length === 0) return;
  throw new InputError({
    place: pictures,
    problem: `lacks ${missing.length} of the ${COUNT} images of 17 Flowers, first ${missing[0]}`,
    remedy: "Unpack 17flowers.tgz again, or skip the missing images with --skip-unreadable.",
  });
}

function masksFrom(trimaps: string): Pick<Parameters<typeof openImageFiles>[2], "mask" | "hasMask"> {
  const there = new Set(namesIn(trimaps));
  const trimapOf = (picture: string): string => basename(picture).replace(/jpg$/, "png");
  return {
    mask: (picture, fit, out) => readTrimap(join(trimaps, trimapOf(picture)), picture, fit, out),
    hasMask: (picture) => there.has(trimapOf(picture)),
  };
}
