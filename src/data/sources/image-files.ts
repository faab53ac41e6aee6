/** A dataset of image files on a disk, with classes from any layout. */
import { relative } from "node:path";
import { chooseClasses } from "../classes/index.js";
import type { Dataset, OpenOptions } from "../dataset/index.js";
import type { Fit } from "../pixels/index.js";
import { openPictures } from "./pictures.js";

/** Image files with their classes, as listed by a layout. */
export interface ListedFiles {
  readonly classNames: readonly string[];
  readonly paths: readonly string[];
  /** Class of each path. */
  readonly labels: Int32Array;
  /** Places in `paths` of the images of this split; all of them by default. */
  readonly chosen?: Uint32Array;
  /** How they were split, if readers of a result should know. */
  readonly note: string | undefined;
  /** Writes the key-region mask of a file, fitted like its picture. */
  readonly mask?: (path: string, fit: Fit, out: Uint8Array) => Promise<void>;
  readonly hasMask?: (path: string) => boolean;
}

/**
 * A dataset of the listed files, which are decoded when they are first read. Their names are relative to `folder`.
 *
 * @throws InputError if (with `skipUnreadable`) nothing is readable; UsageError for an impossible size or class.
 */
export function openImageFiles(
  folder: string,
  split: string,
  listed: ListedFiles,
  options: OpenOptions,
): Promise<Dataset> {
  const { paths, mask, hasMask, ...files } = ofClasses(folder, listed, options.classes);
  const pictures = {
    ...files,
    place: folder,
    root: folder,
    split,
    called: "Files",
    stored: { kind: "files", paths },
    names: paths.map((path) => relative(folder, path)),
    chosen: files.chosen ?? Uint32Array.from(paths.keys()),
    ...(mask && { mask: (index: number, fit: Fit, out: Uint8Array) => mask(paths[index]!, fit, out) }),
    ...(hasMask && { hasMask: (index: number) => hasMask(paths[index]!) }),
  } as const;
  return openPictures(pictures, options);
}

/** Runs before anything is decoded, so that files of other classes are never read and take no room in the cache. */
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
