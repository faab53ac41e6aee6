/** The counts of a check: splits, classes, sizes, kinds of images. */
import type { Dataset } from "../dataset/index.js";
import type { CheckedFile } from "./files.js";
import type { ImageFacts } from "./image.js";

/** Counts and sizes; plain data. */
export interface CheckSummary {
  readonly images: number;
  readonly readable: number;
  readonly splits: readonly { readonly name: string; readonly images: number }[];
  /** Classes of all splits, in order; those that only one split has come last. */
  readonly classes: readonly ClassCount[];
  /** Size of the largest class divided by that of the smallest. */
  readonly imbalance: number;
  /** Sizes of the readable images, in pixels. */
  readonly width: Range;
  readonly height: Range;
  readonly kinds: Kinds;
}

/** Images of a class, by split. */
export interface ClassCount {
  readonly name: string;
  readonly images: number;
  /** By the name of the split. */
  readonly bySplit: Readonly<Record<string, number>>;
}

export interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Counts of readable images by kind. */
export interface Kinds {
  readonly jpeg: number;
  readonly png: number;
  readonly webp: number;
  readonly gray: number;
  readonly cmyk: number;
  /** More than 8 bits per channel, of which 8 are kept. */
  readonly deep: number;
  /** EXIF states an orientation, which is not applied. */
  readonly turned: number;
  /** Only the first frame is read. */
  readonly animated: number;
}

/** Summarises `files`, the images of `datasets` in order. */
export function summarize(datasets: readonly Dataset[], files: readonly CheckedFile[]): CheckSummary {
  const facts = files.flatMap((file) => (file.facts === undefined ? [] : [file.facts]));
  const classes = countClasses(datasets, files);
  const counts = classes.map(({ images }) => images);
  return {
    images: files.length,
    readable: facts.length,
    splits: datasets.map(({ split, length }) => ({ name: split, images: length })),
    classes,
    imbalance: rangeOf(counts).max / Math.max(1, rangeOf(counts).min),
    width: rangeOf(facts.map(({ width }) => width)),
    height: rangeOf(facts.map(({ height }) => height)),
    kinds: countKinds(facts),
  };
}

function countClasses(datasets: readonly Dataset[], files: readonly CheckedFile[]): ClassCount[] {
  const names = [...new Set(datasets.flatMap(({ classNames }) => classNames))];
  const counts = new Map(names.map((name) => [name, new Map(datasets.map(({ split }) => [split, 0]))]));
  for (const { className, split } of files) {
    const bySplit = counts.get(className)!;
    bySplit.set(split, bySplit.get(split)! + 1);
  }
  return [...counts].map(([name, bySplit]) => ({
    name,
    images: [...bySplit.values()].reduce((sum, each) => sum + each, 0),
    bySplit: Object.fromEntries(bySplit),
  }));
}

function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    min: sorted[0]!,
    median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2,
    max: sorted.at(-1)!,
  };
}

function countKinds(facts: readonly ImageFacts[]): Kinds {
  const count = (is: (each: ImageFacts) => boolean): number => facts.filter((each) => is(each)).length;
  return {
    jpeg: count(({ format }) => format === "jpeg"),
    png: count(({ format }) => format === "png"),
    webp: count(({ format }) => format === "webp"),
    gray: count(({ colour }) => colour === "gray"),
    cmyk: count(({ colour }) => colour === "cmyk"),
    deep: count(({ deep }) => deep),
    turned: count(({ turned }) => turned),
    animated: count(({ frames }) => frames > 1),
  };
}
