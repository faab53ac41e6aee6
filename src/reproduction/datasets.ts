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
  /** Of the names and labels of the training and test images. */
  readonly fingerprint: string;
}

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
  return {
    id,
    title,
    data,
    options,
    // The owners of the others give one held-out split, which is for testing alone.
    validationSplit: id === "17flowers" ? "val" : null,
    classNames: train.classNames,
    image: { channels: train.channels, height: train.height, width: train.width },
    counts: { train: train.length, test: test.length },
    fingerprint: fingerprintOf([train, test]),
  };
}

function identify(data: string, { classNames }: Dataset): { readonly id: string; readonly title: string } {
  const names = classNames.map((name) => name.toLowerCase());
  if (data === "flowers") return { id: "flowers", title: "Procedural flowers" };
  if (names.length === 17 && names.includes("fritillary") && names.includes("daffodil")) {
    return { id: "17flowers", title: "17 Flower Category Database" };
  }
  if (names.length === 2 && /^cats?$/.test(names[0]!) && /^dogs?$/.test(names[1]!)) {
    return { id: "dogs-vs-cats", title: "Dogs-vs-Cats Database" };
  }
  if (names.every((name) => /^n\d{8}$/.test(name)))
    return { id: "imagenet", title: "Part of ImageNet Database" };
  const name = basename(data);
  return { id: name.toLowerCase().replace(/[^a-z0-9]+/g, "-"), title: name };
}

function fingerprintOf(datasets: readonly Dataset[]): string {
  const lines = datasets.flatMap((dataset) => [
    `${dataset.split} ${dataset.classNames.join("|")}`,
    ...Array.from(dataset.labels, (label, i) => `${label} ${dataset.fileName(i)}`),
  ]);
  return sha256Of(new TextEncoder().encode(lines.join("\n"))).slice(0, 16);
}
