/** A dataset over image files that lie on a disk, whatever layout says which class each has. */
import { relative } from "node:path";
import { InputError } from "../../errors/index.js";
import { chooseClasses } from "../classes/index.js";
import {
  createDataset,
  fitOf,
  sentences,
  type Dataset,
  type OpenOptions,
  type SkippedFile,
} from "../dataset/index.js";
import { createCache, decodeImage, DEFAULT_CACHE_BYTES, type Fit } from "../pixels/index.js";
import { regionsOf, type PictureFile } from "../regions/index.js";

/** Image files with their classes, as a layout lists them. */
export interface ListedFiles {
  readonly classNames: readonly string[];
  readonly paths: readonly string[];
  /** Class of each path. */
  readonly labels: Int32Array;
  /** Places in `paths` of the images of this split; all of them when absent. */
  readonly chosen?: Uint32Array;
  /** How they were split, where a reader of a result should know. */
  readonly note: string | undefined;
  /** Writes the key-region mask of a file, fitted as its picture is. */
  readonly mask?: (path: string, fit: Fit, out: Uint8Array) => Promise<void>;
  readonly hasMask?: (path: string) => boolean;
}

const USUAL_SIZE = { height: 224, width: 224, channels: 3 };

/**
 * The dataset of the files listed, decoded when they are first read; `folder` is what their names are relative to.
 *
 * @throws InputError when (with `skipUnreadable`) nothing is readable; UsageError for a size or class that cannot be.
 */
export async function openImageFiles(
  folder: string,
  split: string,
  listed: ListedFiles,
  options: OpenOptions,
): Promise<Dataset> {
  const files = ofClasses(folder, listed, options.classes);
  const { classNames, paths, labels, note, mask, hasMask } = files;
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
  const cache = createCache(paths.length, channels * height * width, cacheBytes);
  const nameOf = (index: number): string => relative(folder, paths[index]!);
  const chosen = files.chosen ?? Uint32Array.from(paths.keys());
  const unreadable =
    options.skipUnreadable === true ? await findUnreadable(paths, chosen) : new Map<number, string>();
  const kept = chosen.filter((index) => !unreadable.has(index));
  const skipped = [...unreadable].map(([index, problem]): SkippedFile => ({ file: nameOf(index), problem }));
  if (kept.length === 0) throw nothingReadable(folder);
  const pictureAt = (place: number): PictureFile => ({
    name: nameOf(place),
    className: classNames[labels[place]!]!,
    encoded: () => paths[place]!,
  });
  const beside = mask === undefined ? await regionsOf(folder, kept, pictureAt, fit) : undefined;
  return createDataset({
    name: `${folder}:${split}`,
    split,
    classNames,
    labels: Int32Array.from(kept, (index) => labels[index]!),
    source: { kind: "files", paths, fit, cache, channels, height, width },
    ...(kept.length < paths.length ? { sourceIndices: kept } : {}),
    ...(skipped.length > 0 ? { skipped } : {}),
    description: sentences(
      note,
      `Files resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
      beside?.note,
    ),
    fileName: nameOf,
    mask: mask ? (index, out) => mask(paths[index]!, fit, out) : beside?.mask,
    hasMask: hasMask ? (index) => hasMask(paths[index]!) : beside?.hasMask,
    regions: beside?.regions,
  });
}

/** For a split without an image, which nothing can be learnt from or measured on. */
export function nothingReadable(place: string): InputError {
  return new InputError({
    place,
    problem: "has no image that can be decoded",
    remedy: "Copy the images again from their source; `holdfast data check` says what is wrong with each.",
  });
}

/** Before anything is decoded: of a thousand classes the other files are never read, and take no room in the cache. */
function ofClasses(folder: string, listed: ListedFiles, classes: readonly string[] | undefined): ListedFiles {
  if (classes === undefined) return listed;
  const { classNames, kept, labels } = chooseClasses(folder, listed, classes);
  const placeOf = new Map(kept.map((old, place) => [old, place]));
  const chosen = listed.chosen && Array.from(listed.chosen).flatMap((old) => placeOf.get(old) ?? []);
  return {
    ...listed,
    classNames,
    labels,
    paths: kept.map((place) => listed.paths[place]!),
    ...(chosen && { chosen: Uint32Array.from(chosen) }),
  };
}

const CONCURRENT_DECODES = 4;

/** Why each of the images that cannot be decoded cannot, by place, in order. */
async function findUnreadable(
  paths: readonly string[],
  places: Uint32Array,
): Promise<ReadonlyMap<number, string>> {
  const problems = new Map<number, string>();
  let next = 0;
  const readOn = async (): Promise<void> => {
    while (next < places.length) {
      const place = places[next++]!;
      try {
        await decodeImage(paths[place]!);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.set(place, error.problem);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_DECODES }, readOn));
  return new Map([...problems].sort(([a], [b]) => a - b));
}
