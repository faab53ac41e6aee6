/** Finds possible problems with readable images and with classes. */
import { countByClass, type Dataset } from "../dataset/index.js";
import type { CheckedFile } from "./files.js";
import { isMisnamed, type ImageFacts } from "./image.js";

/** Something to look at. */
export interface Suspicion {
  /** A file, a folder or a class. */
  readonly where: string;
  readonly problem: string;
}

/** Most files to list. */
const NAMED = 3;

/** The first of several names, and a sign that there are more. */
export function firstOf(names: readonly string[]): string {
  return `${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ", …" : ""}`;
}

/** Side in pixels below which little is visible. */
const SMALL_SIDE = 32;
/** Ratio of the longer side to the shorter from which a crop would lose most of the picture. */
const EXTREME_ASPECT = 4;
/** Ratio of the largest class to the smallest. */
const IMBALANCE = 3;

/** Classes first, then files in order. `files` are the images of `datasets` in order. */
export function findSuspicious(datasets: readonly Dataset[], files: readonly CheckedFile[]): Suspicion[] {
  return [
    ...datasets.flatMap((dataset) => smallClasses(dataset)),
    ...datasets.flatMap((dataset) => imbalance(dataset)),
    ...files.flatMap(({ file, facts }) =>
      facts === undefined ? [] : problemsOf(file, facts).map((problem) => ({ where: file, problem })),
    ),
  ];
}

function problemsOf(file: string, facts: ImageFacts): string[] {
  const { width, height, format, uniform } = facts;
  const aspect = Math.max(width, height) / Math.min(width, height);
  return [
    ...(isMisnamed(file, format) ? [`is a ${format.toUpperCase()} image by its content`] : []),
    ...(Math.min(width, height) < SMALL_SIDE ? [`is small: ${width} × ${height} pixels`] : []),
    ...(aspect > EXTREME_ASPECT ? [`is very long: ${width} × ${height} pixels`] : []),
    ...(uniform ? ["has a single colour"] : []),
  ];
}

function smallClasses(dataset: Dataset): Suspicion[] {
  return countByClass(dataset).flatMap((count, label) =>
    count > 1
      ? []
      : [
          {
            where: `class "${dataset.classNames[label]!}"`,
            problem: `has ${count === 0 ? "no image" : "only one image"} in ${dataset.split}`,
          },
        ],
  );
}

function imbalance(dataset: Dataset): Suspicion[] {
  const counts = countByClass(dataset);
  const sorted = counts.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  if (most < IMBALANCE * least) return [];
  const named = (count: number): string => `"${dataset.classNames[counts.indexOf(count)]!}" ${count}`;
  return [
    {
      where: `split ${dataset.split}`,
      problem: `is unbalanced: ${named(most)} images, ${named(least)}; accuracy will favour the larger class`,
    },
  ];
}
