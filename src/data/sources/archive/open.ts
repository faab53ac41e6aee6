import { dirname } from "node:path";
import { isArchive } from "../../archives/index.js";
import { chooseClasses } from "../../classes/index.js";
import type { Dataset, OpenOptions } from "../../dataset/index.js";
import { openGroundTruth, truthFolders } from "../../imagenet/index.js";
import { openPictures } from "../pictures.js";
import { choosePictures } from "./choose.js";
import { classTars, gatherPictures } from "./gather.js";
import { layoutOf, type Layout } from "./layout.js";

/** Whether `path` is an archive, or a folder of class tars (`n01440764.tar` …). */
export function isArchived(path: string): boolean {
  return isArchive(path) || classTars(path).length > 0;
}

/**
 * One split of an archive of pictures, held encoded in memory and never unpacked to disk: a zip or tar with a folder
 * per class, ImageNet's tar of class tars (or a folder of these), or Kaggle's zip with labels in the file names. An
 * archive without splits is divided within the requested classes, as `description` states.
 *
 * @throws InputError for a damaged or hostile archive, or one with fewer than two classes or (with
 *   `skipUnreadable`) nothing readable; UsageError for a missing class or split.
 */
export async function openArchive(path: string, split: string, options: OpenOptions): Promise<Dataset> {
  const root = isArchive(path) ? dirname(path) : path;
  const truth = await openGroundTruth(truthFolders(root));
  const { passed, ...pictures } = await gatherPictures(path, options.classes, truth);
  const { names } = pictures;
  const layout = ofClasses(path, layoutOf([...names, ...passed], path, truth), options.classes);
  const { classNames, labels } = layout;
  const part = choosePictures(path, names, layout, split, options);
  const stored = { kind: "encoded", ...pictures } as const;
  const listed = {
    ...part,
    place: path,
    root,
    called: "Pictures",
    stored,
    names,
    classNames,
    labels,
  } as const;
  return openPictures(listed, options);
}

/** The layout with the labels of `classes` only; other pictures have none. */
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
