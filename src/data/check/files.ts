/** The image files of every split of a source, and what each is. */
import { InputError, UsageError } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";
import type { Dataset, OpenOptions } from "../dataset/index.js";
import { atOnce, encodedBytes } from "../pixels/index.js";
import { openDataset, specParts } from "../sources/index.js";
import { SPLITS } from "../splits.js";
import { inspectImage, type ImageFacts } from "./image.js";

/** An image of one split, by its file. */
export interface CheckedFile {
  readonly file: string;
  readonly split: string;
  readonly className: string;
  /** Absent if the file cannot be read. */
  readonly facts?: ImageFacts;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/**
 * The splits of `spec`: the one it names, or all.
 *
 * @throws InputError if the source does not exist; UsageError if it has no image files.
 */
export async function openSplits(spec: string, options: OpenOptions): Promise<Dataset[]> {
  const named = specParts(spec).split !== undefined;
  const datasets: Dataset[] = [];
  for (const split of named ? [undefined] : SPLITS) {
    const dataset = await openIfThere(split === undefined ? spec : `${spec}:${split}`, options);
    // In a source without a validation split, "val" means its test set.
    if (dataset !== undefined && datasets.every((other) => other.split !== dataset.split)) {
      datasets.push(dataset);
    }
  }
  if (datasets.length === 0) datasets.push(await openDataset(spec, options));
  const drawn = datasets.find(({ source }) => source?.kind !== "files" && source?.kind !== "encoded");
  if (drawn !== undefined) {
    throw new UsageError({
      place: drawn.name,
      problem: "has no image files to check",
      remedy: "Name a folder of images. `holdfast data` shows what other sources hold.",
    });
  }
  return datasets;
}

async function openIfThere(spec: string, options: OpenOptions): Promise<Dataset | undefined> {
  try {
    return await openDataset(spec, options);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Reads and decodes every image, and calls `onProgress` for each. */
export async function inspectFiles(
  datasets: readonly Dataset[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CheckedFile[]> {
  const listed = datasets.flatMap((dataset) =>
    Array.from({ length: dataset.length }, (_, index) => ({ dataset, index })),
  );
  const files: CheckedFile[] = [];
  let done = 0;
  await atOnce(listed.length, async (at) => {
    const { dataset, index } = listed[at]!;
    files[at] = await inspectFile(dataset, index);
    onProgress(++done, listed.length);
  });
  return files;
}

async function inspectFile(dataset: Dataset, index: number): Promise<CheckedFile> {
  const file = dataset.fileName(index);
  const known = { file, split: dataset.split, className: dataset.classNames[dataset.labels[index]!]! };
  try {
    return { ...known, facts: await inspectImage(await fileBytes(dataset, index), file) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...known, problem: error.problem };
  }
}

async function fileBytes({ source, sourceIndices }: Dataset, index: number): Promise<Uint8Array> {
  const place = sourceIndices?.[index] ?? index;
  if (source?.kind === "encoded") return encodedBytes(source, place);
  if (source?.kind !== "files") throw new RangeError("the dataset has no files");
  return readFileChecked(source.paths[place]!);
}
