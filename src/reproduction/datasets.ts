import { basename } from "node:path";
import type { Dataset, MaskSource, OpenOptions } from "../data/index.js";
import { openDataset, takeSample } from "../data/index.js";
import { sha256Of } from "../files/index.js";
import { createGenerator } from "../tensor/index.js";
import type { Json } from "./piece.js";
import { PUBLISHED_DATASETS } from "./published.js";

/** A dataset of the reproduction, identified by its content and not by its location. */
export interface ReproducedDataset {
  /** As in folder names and the result: `17flowers`. */
  readonly id: string;
  readonly title: string;
  /** As for `openDataset`, without a split. */
  readonly data: string;
  readonly options: OpenOptions;
  /** The split whose images choose the best weights; null: held out from the training images. */
  readonly validationSplit: string | null;
  readonly classNames: readonly string[];
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  /** Images of each split. */
  readonly counts: { readonly train: number; readonly test: number };
  /** Hash of the names and labels of the training, validation and test images, and of how pixels are read. */
  readonly fingerprint: string;
  /** Where the key regions of the test images come from. */
  readonly regions: { readonly source: RegionSource; readonly fingerprint: string | null };
}

/** Where key regions come from: the dataset's own masks or boxes, or the saliency rule of docs/method.md if no image has one. */
export type RegionSource = MaskSource | "saliency";

/** What identifies a dataset in a piece's settings, wherever its files are. */
export function identityOf({ id, fingerprint, image }: ReproducedDataset): Json {
  return { id, fingerprint, image };
}

/** The scored test images, the same for every piece. */
export async function openTestImages(
  { data, options }: Pick<ReproducedDataset, "data" | "options">,
  limit: number | null,
  seed: number = 0,
): Promise<Dataset> {
  const test = await openDataset(`${data}:test`, options);
  return limit === null || limit >= test.length ? test : takeSample(test, limit, createGenerator(seed));
}

/**
 * Opens a dataset and identifies it by its classes. `options.onSkipped` is called as usual.
 *
 * @param data as for `openDataset`, without a split.
 * @throws InputError if it is missing or invalid.
 */
export async function describeDataset(data: string, options: OpenOptions): Promise<ReproducedDataset> {
  const train = await openDataset(`${data}:train`, options);
  const test = await openDataset(`${data}:test`, options);
  const { id, title } = identify(data, train);
  // The other datasets come with one held-out split, which is only for testing.
  const validation = isOfFlowers(id, train, options) ? await ownValidation(data, options) : undefined;
  // Skipped files are reported here, and not again with every piece of work.
  const { onSkipped: _, ...kept } = options;
  const { fit, interpolation, cropFraction } = kept;
  return {
    id,
    title,
    data,
    options: kept,
    validationSplit: validation?.split ?? null,
    classNames: train.classNames,
    image: { channels: train.channels, height: train.height, width: train.width },
    counts: { train: train.length, test: test.length },
    fingerprint: fingerprintOf([train, test, ...(validation === undefined ? [] : [validation])], {
      fit,
      interpolation,
      cropFraction,
    }),
    regions: await regionsOf(test),
  };
}

/** Whether the images are those of 17 Flowers, or of the requested classes of it. */
function isOfFlowers(id: string, { classNames }: Dataset, { classes }: OpenOptions): boolean {
  if (classes === undefined) return id === "17flowers";
  return classNames.every((name) => FLOWERS.has(name.toLowerCase().replace(/[^a-z]/g, "")));
}

/** Whether there is a real validation split; without one, a folder of images gives its test images instead. */
async function ownValidation(data: string, options: OpenOptions): Promise<Dataset | undefined> {
  const opened = await openDataset(`${data}:val`, options);
  return opened.split === "val" ? opened : undefined;
}

async function regionsOf({ mask, hasMask, labels, regions }: Dataset): Promise<ReproducedDataset["regions"]> {
  if (mask === undefined) return { source: "saliency", fingerprint: null };
  if (regions !== undefined) {
    return { source: regions.source, fingerprint: (await regions.fingerprint()).slice(0, 16) };
  }
  const flags = Uint8Array.from(labels, (_, i) => Number(hasMask?.(i) ?? true));
  return { source: "mask", fingerprint: sha256Of(flags).slice(0, 16) };
}

/** The classes of 17 Flowers, reduced to their letters. */
const FLOWERS: ReadonlySet<string> = new Set(
  (
    "bluebell buttercup coltsfoot cowslip crocus daffodil daisy dandelion fritillary iris lilyvalley pansy snowdrop " +
    "sunflower tigerlily tulip windflower"
  ).split(" "),
);

/** Tench, goldfish and great white shark; the fourth class is a dog that the paper does not name. */
const PAPER_WORDNET_IDS = ["n01440764", "n01443537", "n01484850"];

/** Kaggle's file names: `cat.0.jpg`. Other pictures of cats and dogs are a different dataset. */
const KAGGLE_NAME = /^(cat|dog)\.\d+\.\w+$/i;

function isKaggles({ labels, fileName }: Dataset): boolean {
  return labels.every((_, i) => KAGGLE_NAME.test(basename(fileName(i))));
}

function identify(data: string, train: Dataset): { readonly id: string; readonly title: string } {
  const names = train.classNames.map((name) => name.toLowerCase());
  if (data === "flowers") return { id: "flowers", title: "Procedural flowers" };
  if (names.length === 17 && names.includes("fritillary") && names.includes("daffodil")) {
    return { id: "17flowers", title: "17 Flower Category Database" };
  }
  if (names.length === 2 && /^cats?$/.test(names[0]!) && /^dogs?$/.test(names[1]!) && isKaggles(train)) {
    return { id: "dogs-vs-cats", title: "Dogs-vs-Cats Database" };
  }
  if (names.length === 4 && PAPER_WORDNET_IDS.every((id) => names.includes(id))) {
    return { id: "imagenet", title: "Part of ImageNet Database" };
  }
  const name = basename(data);
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  // A folder named like the paper's dataset may be another one, or only a few classes of it: the paper's numbers do not apply.
  if (!PUBLISHED_DATASETS.includes(id)) return { id, title: name };
  return { id: `${id}-${names.length}-classes`, title: `${name}, ${names.length} classes` };
}

function fingerprintOf(datasets: readonly Dataset[], reading: object): string {
  const images = datasets.flatMap((dataset) => [
    `${dataset.split} ${dataset.classNames.join("|")}`,
    ...Array.from(dataset.labels, (label, i) => `${label} ${dataset.fileName(i)}`),
  ]);
  const lines = [JSON.stringify(reading), ...images];
  return sha256Of(new TextEncoder().encode(lines.join("\n"))).slice(0, 16);
}
