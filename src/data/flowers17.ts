/**
 * The 17 Category Flower Dataset (Nilsback & Zisserman 2006) as its owners distribute it: `jpg/` with
 * `image_0001.jpg` … `image_1360.jpg` and `files.txt`, and, where they were downloaded too,
 * `datasplits.mat` and `trimaps/`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { InputError, UsageError } from "../errors/index.js";
import { fileError } from "../files/index.js";
import { createGenerator } from "../tensor/index.js";
import { createCache, DEFAULT_CACHE_BYTES } from "./cache.js";
import { createDataset } from "./create.js";
import type { Dataset } from "./dataset.js";
import { decodeImage } from "./decode.js";
import { fitImage } from "./fit.js";
import { readMat5 } from "./mat5.js";
import { fitOf, type OpenOptions } from "./options.js";
import { sentences, stratify } from "./select.js";

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
/** Of each class: 40 to train, 20 to validate, 20 to test, as in the owners' splits. */
const SPLIT_SHARES = { train: 0.5, val: 0.25, test: 0.25 } as const;
const SPLIT_VARIABLES = { train: "trn1", val: "val1", test: "tst1" } as const;
const USUAL_SIZE = { height: 224, width: 224, channels: 3 };

type Split = keyof typeof SPLIT_SHARES;
const SPLITS = Object.keys(SPLIT_SHARES) as Split[];

/** The folder of the pictures: `folder/jpg`, or `folder` itself; undefined when it is another dataset. */
export function flowers17Pictures(folder: string): string | undefined {
  return [join(folder, "jpg"), folder].find(
    (place) => existsSync(join(place, "files.txt")) && existsSync(join(place, nameOf(0))),
  );
}

/**
 * One split (`train`, `val`, `test`) or `all`. The split is the first of the owners' three when
 * `datasplits.mat` is there, else stratified by class and dealt by the seed, which `description` says.
 *
 * @throws InputError when pictures are missing or the splits contradict themselves.
 */
export function openFlowers17(folder: string, split: string, options: OpenOptions): Dataset {
  const pictures = flowers17Pictures(folder)!;
  const missing = Array.from({ length: COUNT }, (_, i) => nameOf(i)).filter(
    (name) => !existsSync(join(pictures, name)),
  );
  if (missing.length > 0) {
    throw new InputError({
      place: pictures,
      problem: `lacks ${missing.length} of the ${COUNT} pictures of 17 Flowers, the first ${missing[0]}`,
      remedy: "Unpack 17flowers.tgz again.",
    });
  }
  const { chosen, note } = choose(folder, pictures, split, options.seed ?? 0);
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const paths = Array.from({ length: COUNT }, (_, i) => join(pictures, nameOf(i)));
  const cache = createCache(COUNT, channels * height * width, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const trimaps = trimapFolder(folder, pictures);
  return createDataset({
    name: `${folder}:${split}`,
    split,
    classNames: CLASS_NAMES,
    labels: Int32Array.from(chosen, (index) => Math.floor(index / PER_CLASS)),
    source: { kind: "files", paths, fit, cache, channels, height, width },
    sourceIndices: chosen,
    description: sentences(
      note,
      `Files resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
    ),
    fileName: (index) => relative(folder, paths[index]!),
    ...(trimaps === undefined
      ? {}
      : {
          mask: async (index, out) => {
            const path = join(trimaps, nameOf(index).replace(/jpg$/, "png"));
            if (!existsSync(path)) return void out.fill(0);
            const planes = fitImage(await decodeImage(path), { ...fit, channels: 3 });
            const area = height * width;
            for (let i = 0; i < area; i++) {
              out[i] = Number(isFlower(planes[i]!, planes[area + i]!, planes[2 * area + i]!));
            }
          },
        }),
  });
}

function nameOf(index: number): string {
  return `image_${String(index + 1).padStart(4, "0")}.jpg`;
}

/** Flowers are red in the trimaps, the background and the undecided border are not. */
function isFlower(red: number, green: number, blue: number): boolean {
  return red > 64 && red > 2 * green && red > 2 * blue;
}

function trimapFolder(folder: string, pictures: string): string | undefined {
  return [join(folder, "trimaps"), join(pictures, "..", "trimaps")].find((place) => existsSync(place));
}

function choose(
  folder: string,
  pictures: string,
  split: string,
  seed: number,
): { readonly chosen: Uint32Array; readonly note: string | undefined } {
  if (split === "all") return { chosen: Uint32Array.from({ length: COUNT }, (_, i) => i), note: undefined };
  if (!SPLITS.includes(split as Split)) {
    throw new UsageError({
      place: folder,
      problem: `has no split "${split}"`,
      remedy: "17 Flowers has train, val, test and all.",
    });
  }
  const matFile = [join(folder, "datasplits.mat"), join(pictures, "..", "datasplits.mat")].find(existsSync);
  if (matFile !== undefined) {
    return { chosen: ownersSplit(matFile, split as Split), note: "The owners' first split." };
  }
  const labels = Int32Array.from({ length: COUNT }, (_, i) => Math.floor(i / PER_CLASS));
  const parts = stratify(
    { labels, classNames: CLASS_NAMES },
    SPLITS.map((name) => COUNT * SPLIT_SHARES[name]),
    createGenerator(seed).stream("data/17flowers-split"),
  );
  return {
    chosen: Uint32Array.from(parts[SPLITS.indexOf(split as Split)]!),
    note: `Not the owners' split (datasplits.mat is not there): 40, 20 and 20 images a class, dealt by seed ${seed}.`,
  };
}

/** One-based numbers of the pictures, as places from 0. */
function ownersSplit(path: string, split: Split): Uint32Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  const arrays = readMat5(bytes, { place: path });
  const refuse = (problem: string): InputError =>
    new InputError({ place: path, problem, remedy: "Download datasplits.mat again from its owners." });
  const all = SPLITS.map((name) => {
    const array = arrays.get(SPLIT_VARIABLES[name]);
    if (array === undefined) throw refuse(`has no variable ${SPLIT_VARIABLES[name]}`);
    return Array.from(array.data);
  });
  const seen = new Set<number>();
  for (const number of all.flat()) {
    if (!Number.isInteger(number) || number < 1 || number > COUNT) {
      throw refuse(`names picture ${number}, outside 1 … ${COUNT}`);
    }
    if (seen.has(number)) throw refuse(`names picture ${number} in two splits, or twice`);
    seen.add(number);
  }
  return Uint32Array.from(all[SPLITS.indexOf(split)]!, (number) => number - 1).sort();
}
