import { basename } from "node:path";
import type { Dataset, OpenOptions } from "../data/index.js";
import { openDataset, takeSample } from "../data/index.js";
import { sha256Of } from "../files/index.js";
import { createGenerator } from "../tensor/index.js";
import type { Json } from "./piece.js";

/** A dataset of the reproduction, by what it is and not by where it lies. */
export interface ReproducedDataset {
  /** As in folder names and the result: `17flowers`. */
  readonly id: string;
  readonly title: string;
  /** As for `openDataset`, without a split. */
  readonly data: string;
  readonly options: OpenOptions;
  /** The split whose images choose the best weights; null: split off the training images. */
  readonly validationSplit: string | null;
  readonly classNames: readonly string[];
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  /** Images of each split. */
  readonly counts: { readonly train: number; readonly test: number };
  /** Of the names and labels of the training, validation and test images, and of how pixels are read. */
  readonly fingerprint: string;
  /** Where the key regions of the test images come from. */
  readonly regions: { readonly source: RegionSource; readonly fingerprint: string | null };
}

/** Key regions are the dataset's own masks, or what a stated rule finds. */
export type RegionSource = "mask" | "saliency";

/** What identifies a dataset in a piece's settings, wherever its files lie. */
export function identityOf({ id, fingerprint, image }: ReproducedDataset): Json {
  return { id, fingerprint, image };
}

/** The test images that are scored, the same ones for every piece. */
export async function openTestImages(
  { data, options }: Pick<ReproducedDataset, "data" | "options">,
  limit: number | null,
  seed: number = 0,
): Promise<Dataset> {
  const test = await openDataset(`${data}:test`, options);
  return limit === null || limit >= test.length ? test : takeSample(test, limit, createGenerator(seed));
}

/**
 * Opens a dataset and says what it is, from its classes.
 *
 * @param data as for `openDataset`, without a split.
 * @throws InputError when it is not there, or not what it must be.
 */
export async function describeDataset(data: string, options: OpenOptions): Promise<ReproducedDataset> {
  const train = await openDataset(`${data}:train`, options);
  const test = await openDataset(`${data}:test`, options);
  const { id, title } = identify(data, train);
  // The owners of the others give one held-out split, which is for testing alone.
  const validation = id === "17flowers" ? await ownValidation(data, options) : undefined;
  const { fit, interpolation, cropFraction } = options;
  return {
    id,
    title,
    data,
    options,
    validationSplit: validation?.split ?? null,
    classNames: train.classNames,
    image: { channels: train.channels, height: train.height, width: train.width },
    counts: { train: train.length, test: test.length },
    fingerprint: fingerprintOf([train, test, ...(validation === undefined ? [] : [validation])], {
      fit,
      interpolation,
      cropFraction,
    }),
    regions: regionsOf(test),
  };
}

/** A validation split of its own: where there is none, a folder of images gives its test images instead. */
async function ownValidation(data: string, options: OpenOptions): Promise<Dataset | undefined> {
  const opened = await openDataset(`${data}:val`, options);
  return opened.split === "val" ? opened : undefined;
}

function regionsOf({ mask, hasMask, labels }: Dataset): ReproducedDataset["regions"] {
  if (mask === undefined) return { source: "saliency", fingerprint: null };
  const flags = Uint8Array.from(labels, (_, i) => Number(hasMask?.(i) ?? true));
  return { source: "mask", fingerprint: sha256Of(flags).slice(0, 16) };
}

/** Tench, goldfish and great white shark; the fourth class is a dog that the paper does not name. */
const PAPER_WORDNET_IDS = ["n01440764", "n01443537", "n01484850"];

function identify(data: string, { classNames }: Dataset): { readonly id: string; readonly title: string } {
  const names = classNames.map((name) => name.toLowerCase());
  if (data === "flowers") return { id: "flowers", title: "Procedural flowers" };
  if (names.length === 17 && names.includes("fritillary") && names.includes("daffodil")) {
    return { id: "17flowers", title: "17 Flower Category Database" };
  }
  if (names.length === 2 && /^cats?$/.test(names[0]!) && /^dogs?$/.test(names[1]!)) {
    return { id: "dogs-vs-cats", title: "Dogs-vs-Cats Database" };
  }
  if (names.length === 4 && PAPER_WORDNET_IDS.every((id) => names.includes(id))) {
    return { id: "imagenet", title: "Part of ImageNet Database" };
  }
  const name = basename(data);
  return { id: name.toLowerCase().replace(/[^a-z0-9]+/g, "-"), title: name };
}

function fingerprintOf(datasets: readonly Dataset[], reading: object): string {
  const images = datasets.flatMap((dataset) => [
    `${dataset.split} ${dataset.classNames.join("|")}`,
    ...Array.from(dataset.labels, (label, i) => `${label} ${dataset.fileName(i)}`),
  ]);
  const lines = [JSON.stringify(reading), ...images];
  return sha256Of(new TextEncoder().encode(lines.join("\n"))).slice(0, 16);
}
