/** Pictures in a folder or an archive that no dataset reads, possibly a whole class. */
import { basename, dirname, extname, join, posix } from "node:path";
import { normalName } from "../classes/index.js";
import type { Dataset } from "../dataset/index.js";
import { openGroundTruth, truthFolders, type GroundTruth } from "../imagenet/index.js";
import { isHidden, READ_PICTURE, UNREAD_PICTURE } from "../pixels/index.js";
import { ANNOTATIONS, MASKS } from "../regions/index.js";
import {
  archiveNames,
  flowers17Pictures,
  isArchived,
  isFolder,
  namesIn,
  layoutOf,
  specParts,
} from "../sources/index.js";
import { nameOfSplit, splitFolders, splitOfFolder, type Split } from "../splits.js";
import { firstOf, type Suspicion } from "./suspicious.js";

/** Levels of folders to look into: a split, a class, and two more. Deeper ones, and circular links, are skipped. */
const DEPTH = 4;

/** Names below a source, separated by `/`; folder names end with one. */
type Names = readonly string[];
/** Why a readable picture is not read; undefined if it is. */
type Passed = (name: string) => string | undefined;

/**
 * What `spec` contains that none of its splits reads, folder by folder: pictures in other formats, pictures outside
 * classes, and class folders without a picture. Empty for sources that list their files.
 *
 * @param datasets the checked splits; files of other splits are left out.
 */
export async function findPassedOver(
  spec: string,
  datasets: readonly Dataset[],
  classes?: readonly string[],
): Promise<Suspicion[]> {
  const { name: place, split } = specParts(spec);
  const archived = isArchived(place);
  if (!archived && (!isFolder(place) || flowers17Pictures(place) !== undefined)) return [];
  const truth = await openGroundTruth(truthFolders(isFolder(place) ? place : dirname(place)));
  const all = archived
    ? (await archiveNames(place, classes, truth)).filter((name) => !isHidden(name))
    : allNamesIn(place);
  const passed = archived ? passedInArchive(all, place, truth) : passedInFolder(all, truth);
  const regions = regionFolders(all);
  const concerns = split === undefined || split === "all" ? () => true : concerning(all, datasets);
  const names = all.filter((name) => concerns(name) && !regions.has(name.slice(0, name.indexOf("/"))));
  const found = [...unread(names), ...unplaced(names, passed), ...(archived ? [] : emptyClasses(names))];
  return found
    .filter(
      ({ folder }) =>
        classes === undefined ||
        folder === "" ||
        classes.map(normalName).includes(normalName(basename(folder))),
    )
    .map(({ folder, problem }) => ({ where: folder === "" ? place : folder, problem }));
}

function allNamesIn(root: string, below = "", depth = DEPTH): string[] {
  const entries = namesIn(join(root, below)).filter((entry) => !isHidden(entry));
  return entries.flatMap((entry) => {
    const name = posix.join(below, entry);
    if (!isFolder(join(root, name))) return [name];
    return [`${name}/`, ...(depth > 1 ? allNamesIn(root, name, depth - 1) : [])];
  });
}

/** Whether a name is outside all split folders, or inside that of one of `datasets`. */
function concerning(names: Names, datasets: readonly Dataset[]): (name: string) => boolean {
  const ownersOf = (name: string): Split | undefined =>
    name
      .split("/")
      .slice(0, -1)
      .map(splitOfFolder)
      .findLast((each) => each !== undefined);
  const given = [...new Set(names.map(ownersOf))];
  const found = new Set(datasets.map((dataset) => dataset.split));
  return (name) => {
    const owners = ownersOf(name);
    return owners === undefined || found.has(nameOfSplit(owners, given));
  };
}

/** Folders of masks and annotations. A folder with pictures directly in it is a class instead, whatever its name. */
function regionFolders(names: Names): Set<string> {
  const classes = new Set(names.filter((name) => READ_PICTURE.test(name)).map(folderOf));
  return new Set([MASKS, ...ANNOTATIONS].filter((folder) => !classes.has(folder)));
}

interface Found {
  readonly folder: string;
  readonly problem: string;
}

function unread(names: Names): Found[] {
  const read = new Set(names.filter((name) => READ_PICTURE.test(name)).map(folderOf));
  const groups = groupBy(
    names.filter((name) => UNREAD_PICTURE.test(name)),
    (name) => `${folderOf(name)}/${extname(name).slice(1).toUpperCase()}`,
  );
  return groups.map(([key, files]) => {
    const folder = folderOf(key);
    const alone =
      folder === "" || read.has(folder) ? "" : "; the folder has no other image, so it is not a class";
    return {
      folder,
      problem: `holds ${listed(files, `${basename(key)} file`)}, which ${files.length === 1 ? "is" : "are"} not read${alone}`,
    };
  });
}

function unplaced(names: Names, passed: Passed): Found[] {
  const pictures = names.filter((name) => READ_PICTURE.test(name) && passed(name) !== undefined);
  return groupBy(pictures, folderOf).map(([folder, files]) => ({
    folder,
    problem: `holds ${listed(files, "image")} ${passed(files[0]!)!}`,
  }));
}

/** Folders at class level without any picture. */
function emptyClasses(names: Names): Found[] {
  const within = insideSplit(names);
  const pictures = names.filter((name) => READ_PICTURE.test(name) || UNREAD_PICTURE.test(name));
  const filled = new Set(pictures.flatMap((name) => [folderOf(name), folderOf(folderOf(name))]));
  return names
    .filter((name) => name.endsWith("/") && within(name)?.length === 2)
    .map((name) => name.slice(0, -1))
    .filter((folder) => !filled.has(folder))
    .map((folder) => ({ folder, problem: "has no image, so it is not a class" }));
}

function passedInFolder(names: Names, truth: GroundTruth): Passed {
  const within = insideSplit(names);
  return (name) => {
    if (truth.classOf(name) !== undefined && within(name)?.length === 1) return undefined;
    const parts = within(name);
    if (parts === undefined) return "outside the split folders";
    if (parts.length === 1) return "beside the class folders";
    return parts.length === 2 ? undefined : "in a folder inside a class folder";
  };
}

/** Parts of a name below its split's folder, or below the source if splits have no folders. */
function insideSplit(names: Names): (name: string) => readonly string[] | undefined {
  const folders = names.filter((name) => /^[^/]+\/$/.test(name)).map((name) => name.slice(0, -1));
  const pictures = names.filter((name) => READ_PICTURE.test(name));
  const splits = Object.values(
    splitFolders(folders, (folder) => pictures.filter((name) => folderOf(name) === folder)),
  );
  return (name) => {
    const parts = name.split("/");
    if (splits.length === 0) return parts;
    return splits.includes(parts[0]!) ? parts.slice(1) : undefined;
  };
}

function passedInArchive(names: Names, place: string, truth: GroundTruth): Passed {
  const pictures = names.filter((name) => READ_PICTURE.test(name));
  const { labels } = layoutOf(pictures, place, truth);
  const without = new Set(pictures.filter((_, i) => labels[i]! < 0));
  return (name) => (without.has(name) ? "without a class" : undefined);
}

function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

function listed(files: readonly string[], what: string): string {
  return `${files.length} ${what}${files.length === 1 ? "" : "s"} (${firstOf(files.map((file) => basename(file)))})`;
}

/** Sorted groups of names. */
function groupBy(names: Names, keyOf: (name: string) => string): [key: string, names: string[]][] {
  const groups = new Map<string, string[]>();
  for (const name of [...names].sort()) {
    const key = keyOf(name);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key)!.push(name);
  }
  return [...groups];
}
