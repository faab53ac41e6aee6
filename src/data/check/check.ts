/** `holdfast data check`: what a source of image files contains, and what a user should look at. */
import { InputError } from "../../errors/index.js";
import { subset, type Dataset, type OpenOptions, type SkippedFile } from "../dataset/index.js";
import { findSameImages } from "./duplicates.js";
import { inspectFiles, openSplits, type CheckedFile } from "./files.js";
import { findPassedOver } from "./passed-over.js";
import { checkRegions, type RegionCount } from "./regions.js";
import { summarize, type CheckSummary } from "./summary.js";
import { findSuspicious, type Suspicion } from "./suspicious.js";

/** What a check found; plain data. */
export interface DataCheck extends CheckSummary {
  readonly name: string;
  /** How each split was made. */
  readonly description: string;
  /** Files that cannot be decoded, and why. */
  readonly unreadable: readonly SkippedFile[];
  /** Images whose key region is not empty after fitting. */
  readonly regions: RegionCount;
  readonly duplicates: readonly Duplicates[];
  /** Possible problems with files and classes; skipped files come first. */
  readonly suspicious: readonly Suspicion[];
}

/** Files with the same picture. */
export interface Duplicates {
  readonly kind: "same bytes" | "looks alike";
  readonly files: readonly { readonly file: string; readonly split: string; readonly class: string }[];
  /** Whether the files are in different splits, so that the picture is both trained on and measured on. */
  readonly acrossSplits: boolean;
  readonly differentClasses: boolean;
}

/** How to open the data, and a callback for progress. */
export interface CheckOptions {
  readonly open?: OpenOptions;
  /** Called with the number of files read and the total. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads every image file in every split of `spec` (or in the split it names) and reports on them. `readable`
 * has the readable images of the first split, for a contact sheet.
 *
 * @throws InputError if the source does not exist or none of its images can be read; UsageError if
 *   it has no image files.
 */
export async function checkData(
  spec: string,
  { open = {}, onProgress }: CheckOptions = {},
): Promise<{ readonly check: DataCheck; readonly readable: Dataset }> {
  const datasets = await openSplits(spec, { ...open, skipUnreadable: false, keepMissing: true });
  const files = await inspectFiles(datasets, onProgress);
  const unreadable = files.flatMap(({ file, problem }) => (problem === undefined ? [] : [{ file, problem }]));
  if (unreadable.length === files.length) {
    const [first] = unreadable;
    throw new InputError({
      place: spec,
      problem: `none of its ${files.length} images can be read: ${first?.file} ${first?.problem}`,
      remedy: "Copy the images again from their source, or save them as JPEG, PNG or WebP.",
    });
  }
  const regions = await checkRegions(spec, datasets, files);
  const check: DataCheck = {
    name: spec,
    description: [...new Set(datasets.map(({ description }) => description ?? ""))].join(" "),
    ...summarize(datasets, files),
    unreadable,
    regions: regions.count,
    duplicates: duplicatesIn(files),
    suspicious: [
      ...(await findPassedOver(spec, datasets, open.classes)),
      ...regions.suspicious,
      ...findSuspicious(datasets, files),
    ],
  };
  return { check, readable: readableOf(datasets, files) };
}

/** Duplicates across splits first, then those across classes. */
function duplicatesIn(files: readonly CheckedFile[]): Duplicates[] {
  const groups = findSameImages(files.map(({ facts }) => facts)).map(({ kind, places }): Duplicates => {
    const found = places.map((place) => files[place]!);
    const differ = (of: (file: CheckedFile) => string): boolean => new Set(found.map(of)).size > 1;
    return {
      kind,
      files: found.map(({ file, split, className }) => ({ file, split, class: className })),
      acrossSplits: differ(({ split }) => split),
      differentClasses: differ(({ className }) => className),
    };
  });
  const weight = (group: Duplicates): number =>
    2 * Number(group.acrossSplits) + Number(group.differentClasses);
  return groups.sort((a, b) => weight(b) - weight(a));
}

/** The first split with a readable image, reduced to its readable images. */
function readableOf(datasets: readonly Dataset[], files: readonly CheckedFile[]): Dataset {
  let at = 0;
  for (const dataset of datasets) {
    const kept = [...dataset.labels.keys()].filter((index) => files[at + index]!.facts !== undefined);
    if (kept.length > 0) return subset(dataset, kept);
    at += dataset.length;
  }
  throw new RangeError("no image is readable");
}
