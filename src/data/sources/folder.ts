/** Folders of images: a folder per class, with or without a folder per split above. */
import { basename, join } from "node:path";
import { normalName, sortedClasses } from "../classes/index.js";
import { indicesByClass, sentences, type Dataset, type OpenOptions } from "../dataset/index.js";
import { openGroundTruth, truthFolders, validationNumber, type GroundTruth } from "../imagenet/index.js";
import { READ_PICTURE } from "../pixels/index.js";
import { chooseSplit, dealPart, splitFolders, SPLITS } from "../splits.js";
import { notClassFolders } from "./explain-folder.js";
import { isFolder, namesIn } from "./folder-names.js";
import { openImageFiles, type ListedFiles } from "./image-files.js";

interface Listed extends ListedFiles {
  /** The split found for the requested one. */
  readonly split: string;
}

/**
 * One split of a folder of images: `train`, `test`, `val` (the test set if there is no separate folder for it),
 * or `all` if there are no split folders. Classes are the folder names of all splits, sorted, so that a class
 * has the same label in all of them; files are sorted by name. ImageNet's validation pictures may be in one
 * folder, with the ground truth beside it: they are held out.
 *
 * @throws InputError if there is no image, fewer than two classes, or (with `skipUnreadable`)
 *   nothing readable; UsageError for an impossible split or class.
 */
export async function openImageFolder(folder: string, split: string, options: OpenOptions): Promise<Dataset> {
  const truth = await openGroundTruth(truthFolders(folder));
  const { split: found, ...files } = listSplit(folder, split, options, truth);
  return openImageFiles(folder, found, files, options);
}

function listSplit(folder: string, asked: string, options: OpenOptions, truth: GroundTruth): Listed {
  const folderOf = splitFolders(folders(folder), (name) => images(join(folder, name)));
  const given = SPLITS.filter((each) => folderOf[each] !== undefined);
  if (given.length === 0) {
    return isValidationSet(folder)
      ? validationSet(folder, asked, truth)
      : undividedFolder(folder, asked, options, truth);
  }
  const { split, owners } = chooseSplit(asked, given, { place: folder });
  const others = given.filter((each) => each !== owners).map((each) => join(folder, folderOf[each]!));
  return { ...listClasses(join(folder, folderOf[owners]!), others, truth), note: undefined, split };
}

/** Whether a folder holds ImageNet's validation pictures and nothing else. */
function isValidationSet(folder: string): boolean {
  return (
    validationPictures(folder).length > 0 &&
    folders(folder).every((name) => images(join(folder, name)).length === 0)
  );
}

function validationSet(folder: string, asked: string, truth: GroundTruth): Listed {
  const place = { place: folder, about: "It is ImageNet's validation set.", all: true };
  const split = asked === "all" ? asked : chooseSplit(asked, ["val"], place).split;
  return { ...listClasses(folder, [], truth), note: undefined, split };
}

function undividedFolder(folder: string, asked: string, options: OpenOptions, truth: GroundTruth): Listed {
  const all = listClasses(folder, [], truth);
  const undivided = {
    place: folder,
    lack: "The folder has no splits of its own",
    images: "images",
    stream: "data/folder-split",
  } as const;
  const { chosen, note, split } = dealPart(all, asked, undivided, options);
  return {
    classNames: all.classNames,
    paths: Array.from(chosen, (index) => all.paths[index]!),
    labels: Int32Array.from(chosen, (index) => all.labels[index]!),
    note: split === "all" ? note : sentences(note, ...classesOfOne(all)),
    split,
  };
}

/** A single image cannot be used for both training and testing. */
function classesOfOne({ classNames, labels }: Pick<ListedFiles, "classNames" | "labels">): string[] {
  return indicesByClass({ classNames, labels }).flatMap((indices, label) =>
    indices.length > 1
      ? []
      : [`Class "${classNames[label]!}" has only one image, so one of the two sets lacks it.`],
  );
}

/** The files of `folder` by class. Classes that only occur in `others` (the other splits) keep their label. */
function listClasses(
  folder: string,
  others: readonly string[],
  truth: GroundTruth,
): Omit<ListedFiles, "note"> {
  const own = new Map<string, string[]>();
  for (const inside of folders(folder)) {
    const files = images(join(folder, inside)).map((file) => join(inside, file));
    own.set(normalName(inside), [...(own.get(normalName(inside)) ?? []), ...files]);
  }
  const sorted = [...own.values()].every((files) => files.length === 0);
  for (const file of validationPictures(folder)) {
    const name = truth.classOf(file) ?? (sorted ? truth.refuse(join(folder, file)) : undefined);
    if (name !== undefined) own.set(name, [...(own.get(name) ?? []), file]);
  }
  const known = new Set(others.flatMap(validationPictures).flatMap((file) => truth.classOf(file) ?? []));
  const places = others.flatMap((other) => folders(other).map((inside) => join(other, inside)));
  const elsewhere = (name: string): boolean =>
    known.has(name) ||
    places.some((place) => normalName(basename(place)) === name && images(place).length > 0);
  const names = [...own.keys(), ...places.map((place) => normalName(basename(place))), ...known];
  const classNames = sortedClasses(
    names.filter((name) => (own.get(name)?.length ?? 0) > 0 || elsewhere(name)),
  );
  const filesOf = (name: string): string[] => own.get(name) ?? [];
  const paths = classNames.flatMap((name) => filesOf(name).map((file) => join(folder, file)));
  if (paths.length === 0) throw notClassFolders(folder, "has no folder with JPEG, PNG or WebP images");
  if (classNames.length < 2)
    throw notClassFolders(folder, `has images of only one class, "${classNames[0]!}"`);
  const labels = Int32Array.from(classNames.flatMap((name, label) => filesOf(name).map(() => label)));
  return { classNames, paths, labels };
}

/** Sorted names; hidden ones (`.git`, macOS's `._1.jpg`) are left out. */
function entries(folder: string, wanted: (name: string, path: string) => boolean): string[] {
  return namesIn(folder)
    .filter((name) => !name.startsWith(".") && wanted(name, join(folder, name)))
    .sort();
}

/** Names of ImageNet's validation pictures directly in a folder. */
const validationPictures = (folder: string): string[] =>
  entries(folder, (name) => READ_PICTURE.test(name) && validationNumber(name) !== undefined);
const folders = (folder: string): string[] => entries(folder, (_, path) => isFolder(path));
const images = (folder: string): string[] =>
  entries(folder, (name, path) => READ_PICTURE.test(name) && !isFolder(path));
