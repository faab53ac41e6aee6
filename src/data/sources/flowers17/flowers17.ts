/**
 * The 17 Category Flower Dataset (Nilsback & Zisserman, CVPR 2006) as its owners distribute it: `jpg/` with
 * `image_0001.jpg` … `image_1360.jpg` and `files.txt`, and optionally `datasplits.mat` and `trimaps/`.
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
 * The folder of the pictures: `folder/jpg`, or `folder` if it is itself named jpg or has the owners'
 * `files.txt`; undefined for another dataset.
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
 * One split (`train`, `val`, `test`) or `all`. If `datasplits.mat` exists, the split is number `flowersSplit` of the
 * owners' three; otherwise it is drawn by the seed, stratified by class, as `description` states. Masks come from the
 * trimaps, for images that have one.
 *
 * @throws InputError if pictures are missing (unless `skipUnreadable`) or the splits contradict themselves;
 *   UsageError for an impossible split.
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

/** No picture may be missing: its place determines its class, and the splits refer to it by its number. */
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
