import { dirname } from "node:path";
import { InputError } from "../../../errors/index.js";
import { isArchive } from "../../archives/index.js";
import { chooseClasses } from "../../classes/index.js";
import {
  createDataset,
  fitOf,
  sentences,
  type Dataset,
  type OpenOptions,
  type SkippedFile,
} from "../../dataset/index.js";
import { openGroundTruth, truthFolders } from "../../imagenet/index.js";
import {
  createCache,
  decodeBytes,
  DEFAULT_CACHE_BYTES,
  encodedBytes,
  type EncodedSource,
} from "../../pixels/index.js";
import { regionsOf, type PictureFile } from "../../regions/index.js";
import { nothingReadable } from "../image-files.js";
import { choosePictures } from "./choose.js";
import { classTars, gatherPictures } from "./gather.js";
import { layoutOf, type Layout } from "./layout.js";

const USUAL_SIZE = { height: 224, width: 224, channels: 3 };

/** Whether `path` is an archive, or a folder of the tars of classes (`n01440764.tar` …). */
export function isArchived(path: string): boolean {
  return isArchive(path) || classTars(path).length > 0;
}

/**
 * One split of an archive of pictures, held encoded in memory and never unpacked to disk: a zip or tar with a folder for
 * each class, ImageNet's tar of the tars of its classes (or a folder of these), Kaggle's zip with the labels in the
 * file names. A split that the owners do not give is dealt 80 to 20 by the seed, among the classes asked for, which
 * `description` says.
 *
 * @throws InputError on a damaged or hostile archive, or one that holds fewer than two classes or (with
 *   `skipUnreadable`) nothing readable; UsageError for a class or split that is not there.
 */
export async function openArchive(path: string, split: string, options: OpenOptions): Promise<Dataset> {
  const root = isArchive(path) ? dirname(path) : path;
  const truth = await openGroundTruth(truthFolders(root));
  const { passed, ...pictures } = await gatherPictures(path, options.classes, truth);
  const layout = ofClasses(path, layoutOf([...pictures.names, ...passed], path, truth), options.classes);
  const { chosen, note, split: found } = choosePictures(path, pictures.names, layout, split, options);
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const cache = createCache(
    pictures.names.length,
    channels * height * width,
    options.cacheBytes ?? DEFAULT_CACHE_BYTES,
  );
  const source: EncodedSource = { kind: "encoded", ...pictures, fit, cache, channels, height, width };
  const skipped =
    options.skipUnreadable === true ? await unreadable(source, chosen) : new Map<number, SkippedFile>();
  const kept = chosen.filter((index) => !skipped.has(index));
  if (kept.length === 0) throw nothingReadable(path);
  const pictureAt = (index: number): PictureFile => ({
    name: pictures.names[index]!,
    className: layout.classNames[layout.labels[index]!]!,
    encoded: () => encodedBytes(source, index),
  });
  const beside = await regionsOf(root, kept, pictureAt, fit);
  return createDataset({
    name: `${path}:${found}`,
    split: found,
    classNames: layout.classNames,
    labels: Int32Array.from(kept, (index) => layout.labels[index]!),
    source,
    sourceIndices: kept,
    ...(skipped.size > 0 ? { skipped: [...skipped.values()] } : {}),
    description: sentences(
      note,
      `Pictures resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
      beside?.note,
    ),
    fileName: (index) => pictures.names[index]!,
    mask: beside?.mask,
    hasMask: beside?.hasMask,
    regions: beside?.regions,
  });
}

/** The layout with the labels of `classes` alone; other pictures have none. */
function ofClasses(path: string, layout: Layout, classes: readonly string[] | undefined): Layout {
  if (classes === undefined) return layout;
  const { classNames, kept, labels } = chooseClasses(
    path,
    { ...layout, labels: Int32Array.from(layout.labels) },
    classes,
  );
  const all = layout.labels.map(() => -1);
  kept.forEach((place, i) => (all[place] = labels[i]!));
  return { ...layout, classNames, labels: all };
}

async function unreadable(source: EncodedSource, places: Uint32Array): Promise<Map<number, SkippedFile>> {
  const skipped = new Map<number, SkippedFile>();
  for (const index of places) {
    try {
      await decodeBytes(encodedBytes(source, index), source.names[index]!);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      skipped.set(index, { file: source.names[index]!, problem: error.problem });
    }
  }
  return skipped;
}
