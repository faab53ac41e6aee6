import type { Dataset, MaskSource } from "./dataset.js";
import { countByClass } from "./select.js";

/** What a user wants to know before using a dataset. */
export interface DatasetInfo {
  readonly name: string;
  readonly split: string;
  readonly description: string;
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: readonly { readonly name: string; readonly images: number }[];
  readonly hasMasks: boolean;
  /** Images that have a key-region mask. */
  readonly masks: number;
  /** What the masks were made from; null if there are none. */
  readonly maskSource: MaskSource | null;
  readonly skipped: readonly { readonly file: string; readonly problem: string }[];
}

/** Counts and sizes of a dataset; plain data. */
export function datasetInfo(dataset: Dataset): DatasetInfo {
  const { name, split, channels, height, width, classNames } = dataset;
  const counts = countByClass(dataset);
  return {
    name,
    split,
    description: dataset.description ?? "",
    images: dataset.length,
    channels,
    height,
    width,
    classes: classNames.map((className, label) => ({ name: className, images: counts[label]! })),
    hasMasks: dataset.mask !== undefined,
    masks: countMasks(dataset),
    maskSource: dataset.mask === undefined ? null : (dataset.regions?.source ?? "mask"),
    skipped: dataset.skipped ?? [],
  };
}

function countMasks({ mask, hasMask, length }: Dataset): number {
  if (mask === undefined) return 0;
  if (hasMask === undefined) return length;
  return Array.from({ length }, (_, index) => index).filter((index) => hasMask(index)).length;
}
