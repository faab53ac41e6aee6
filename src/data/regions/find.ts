/** Finds the pictures of a dataset that have their own key region, in files beside them. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join, posix, resolve } from "node:path";
import { readSolution, SOLUTION, truthFolders, validationNumber } from "../imagenet/index.js";
import { READ_PICTURE, type Boxes } from "../pixels/index.js";
import { splitOfFolder } from "../splits.js";
import { readAnnotation } from "./annotation.js";
import { readBoxesTable } from "./boxes-table.js";

/** Where the key region of a picture is stored. */
export type Region =
  | { readonly kind: "mask"; readonly path: string }
  | { readonly kind: "box"; readonly boxes: () => Promise<Boxes> };

/** Finds the region of a picture, by its name below the dataset's folder, with `/` between folders. */
export interface RegionFinder {
  of(name: string, className: string): Region | undefined;
  /** Names in the table of boxes. */
  readonly listed: readonly string[];
}

export const MASKS = "masks";
export const BOXES = "boxes.csv";
/** Folders of annotations, as ImageNet and VOC call them. */
export const ANNOTATIONS: readonly string[] = [
  "Annotation",
  "Annotations",
  "annotation",
  "annotations",
  "bbox",
];

/** ImageNet's file names, which are unique, so their annotations may be in one folder. */
const OF_IMAGENET = /^(ILSVRC2012_val_\d{8}|n\d{8}_\d+)$/;

/**
 * Finds the regions stored in `root`. The first that exists for a picture is its region: a picture in `masks/`, boxes
 * in `boxes.csv`, boxes in Kaggle's table for ImageNet, an annotation.
 *
 * @param ofImageNet whether there are validation pictures of ImageNet, so that its table is read.
 * @throws InputError for an invalid table of boxes.
 */
export async function openRegions(
  root: string,
  { ofImageNet }: { readonly ofImageNet: boolean },
): Promise<RegionFinder> {
  const table = await readBoxesTable(join(root, BOXES));
  const tables = ofImageNet ? truthFolders(root).map((folder) => join(folder, SOLUTION)) : [];
  const solution = tables.find((path) => existsSync(path));
  const solved = solution === undefined ? undefined : await readSolution(solution);
  const filesIn = cachedListing();
  const masks = filesIn(root).folders.has(MASKS) ? join(root, MASKS) : undefined;
  const annotations = annotationFolders(root, filesIn);
  const maskOf = (name: string): string | undefined => {
    if (masks === undefined) return undefined;
    const folder = join(masks, posix.dirname(name));
    const file = filesIn(folder).pictures.get(stemOf(name));
    return file === undefined ? undefined : join(folder, file);
  };
  const annotationOf = (name: string): string | undefined => {
    const places = annotations.flatMap((folder) => annotationNames(name).map((each) => join(folder, each)));
    return places.find((place) => filesIn(dirname(place)).annotations.has(basename(place)));
  };
  return {
    listed: [...(table?.keys() ?? [])],
    of(name, className) {
      const mask = maskOf(name);
      if (mask !== undefined) return { kind: "mask", path: mask };
      const boxes = table?.get(name) ?? solved?.get(validationNumber(name) ?? 0);
      if (boxes !== undefined) return { kind: "box", boxes: () => Promise.resolve(boxes) };
      const annotation = annotationOf(name);
      if (annotation === undefined) return undefined;
      return { kind: "box", boxes: () => readAnnotation(annotation, className) };
    },
  };
}

/** Beside the pictures' folders, and where Kaggle puts ImageNet's: Annotations/CLS-LOC for Data/CLS-LOC. */
function annotationFolders(root: string, filesIn: (folder: string) => Listing): string[] {
  const beside = ANNOTATIONS.filter((name) => filesIn(root).folders.has(name)).map((name) =>
    join(root, name),
  );
  const [above, own] = [basename(resolve(root, "..")), basename(resolve(root))];
  return above === "Data" ? [...beside, join(root, "..", "..", "Annotations", own)] : beside;
}

/** `train/cats/1.jpg`: `train/cats/1.xml`, `cats/1.xml`; ImageNet's pictures also by their name alone. */
function annotationNames(name: string): string[] {
  const own = `${name.slice(0, -extname(name).length)}.xml`;
  const parts = own.split("/");
  const split = splitOfFolder(parts[0]!) === undefined ? undefined : parts[0]!;
  const names = [own, ...(split === undefined ? [] : [parts.slice(1).join("/")])];
  if (!OF_IMAGENET.test(stemOf(name))) return names;
  const last = parts.at(-1)!;
  // `n01440764.tar` holds n01440764_10026.JPEG, without a folder.
  const wordNet = /^n\d{8}(?=_)/.exec(last)?.[0];
  const folders = [split, wordNet, last.startsWith("ILSVRC2012_val_") ? "val" : undefined, ""];
  return [...names, ...folders.flatMap((folder) => (folder === undefined ? [] : [posix.join(folder, last)]))];
}

interface Listing {
  /** Picture files by their name without extension. */
  readonly pictures: ReadonlyMap<string, string>;
  readonly annotations: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

/** Each folder is read once: a dataset may have a million pictures. */
function cachedListing(): (folder: string) => Listing {
  const known = new Map<string, Listing>();
  return (folder) => {
    let listing = known.get(folder);
    if (listing === undefined) known.set(folder, (listing = listFolder(folder)));
    return listing;
  };
}

function listFolder(folder: string): Listing {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    // A missing or unreadable folder marks nothing.
    return { pictures: new Map(), annotations: new Set(), folders: new Set() };
  }
  const names = entries.map(({ name }) => name).filter((name) => !name.startsWith("."));
  // Of two masks with the same name the first in the alphabet is used: 1.png before 1.webp.
  const pictures = names.filter((name) => READ_PICTURE.test(name)).sort((a, b) => (a < b ? 1 : -1));
  return {
    pictures: new Map(pictures.map((name) => [stemOf(name), name])),
    annotations: new Set(names.filter((name) => name.endsWith(".xml"))),
    folders: new Set(
      entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name),
    ),
  };
}

function stemOf(name: string): string {
  return posix.basename(name, posix.extname(name));
}
