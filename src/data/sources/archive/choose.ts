/** Chooses the pictures of a split in an archive. */
import { InputError } from "../../../errors/index.js";
import type { OpenOptions } from "../../dataset/index.js";
import { choosePart, type Part } from "../../splits.js";
import type { Layout } from "./layout.js";

/**
 * The labelled pictures of `split`. A training set without any other split is divided.
 *
 * @throws UsageError for a missing split; InputError if only some pictures have a split.
 */
export function choosePictures(
  path: string,
  names: readonly string[],
  { classNames, labels, splits }: Layout,
  split: string,
  options: OpenOptions,
): Part {
  const labelled = Uint32Array.from(names.keys()).filter((index) => labels[index]! >= 0);
  const images = {
    classNames,
    labels: Int32Array.from(labelled, (index) => labels[index]!),
    splits: Array.from(labelled, (index) => splits[index]),
  };
  const without = images.splits.indexOf(undefined);
  if (split !== "all" && without >= 0 && images.splits.some((each) => each !== undefined)) {
    throw mixed(path, names[labelled[without]!]!);
  }
  const source = {
    place: path,
    lack: "The archive has no labelled test set of its own",
    images: "pictures",
    stream: "data/archive-split",
    dealsTraining: true,
  } as const;
  const part = choosePart(images, split, source, options);
  return { ...part, chosen: part.chosen.map((place) => labelled[place]!) };
}

/** Dividing these would train on pictures that the owner holds out. */
function mixed(path: string, name: string): InputError {
  return new InputError({
    place: path,
    problem: `has images in split folders and others outside them, such as ${JSON.stringify(name)}`,
    remedy:
      "Put every image under train, val or test, select classes (--classes), or use all images with :all.",
  });
}
