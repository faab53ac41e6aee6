/** Explains why a folder has no class folders, and what was probably meant. */
import { readdirSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { InputError } from "../../errors/index.js";
import { SOLUTION } from "../imagenet/index.js";
import { isHidden, READ_PICTURE, UNREAD_PICTURE } from "../pixels/index.js";

const USUAL = "Put the images of each class into their own folder: photos/cat/1.jpg, photos/dog/1.jpg.";

/** Tables about pictures that do not contain their classes. */
const BESIDE: ReadonlySet<string> = new Set(["boxes.csv", SOLUTION]);

interface Content {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** The content of a folder; nothing if it cannot be read. */
function contentOf(folder: string): Content {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !isHidden(name));
    const names = (wanted: boolean): string[] =>
      entries
        .filter((entry) => entry.isDirectory() === wanted)
        .map(({ name }) => name)
        .sort();
    return { folders: names(true), files: names(false) };
  } catch {
    return { folders: [], files: [] };
  }
}

const hasPictures = (folder: string): boolean =>
  contentOf(folder).files.some((name) => READ_PICTURE.test(name));

/** Folders up to two levels below `folder` that contain at least two folders of pictures. */
function datasetsBelow(folder: string): string[] {
  const inside = contentOf(folder).folders.map((name) => join(folder, name));
  const all = [
    ...inside,
    ...inside.flatMap((each) => contentOf(each).folders.map((name) => join(each, name))),
  ];
  return all.filter(
    (each) => contentOf(each).folders.filter((name) => hasPictures(join(each, name))).length > 1,
  );
}

/**
 * The error for a folder without two folders of readable pictures: one level too high or too deep, class folders inside
 * folders of the same name, pictures in other formats, or without folders beside a table.
 */
export function notClassFolders(folder: string, problem: string): InputError {
  return new InputError({ place: folder, ...(meantBy(folder) ?? { problem, remedy: USUAL }) });
}

function meantBy(folder: string): { readonly problem: string; readonly remedy: string } | undefined {
  const { folders, files } = contentOf(folder);
  const tables = files.filter((name) => /\.csv$/i.test(name) && !BESIDE.has(name));
  const pictures = files.filter((name) => READ_PICTURE.test(name));
  if (tables.length > 0) {
    const named = tables.slice(0, 3).map((name) => join(folder, name));
    return {
      problem: "has a table and fewer than two class folders",
      remedy: `If the table lists the class of each image, name the table: ${named.join(" or ")}.`,
    };
  }
  const below = datasetsBelow(folder);
  if (below.length > 0) {
    return {
      problem: "does not hold class folders itself; a folder below it does",
      remedy: `Name that folder: ${below.slice(0, 3).join(" or ")}.`,
    };
  }
  const deeper = folders.find((name) =>
    contentOf(join(folder, name)).folders.some((each) => hasPictures(join(folder, name, each))),
  );
  if (deeper !== undefined) {
    const inner = contentOf(join(folder, deeper)).folders[0]!;
    return {
      problem: `has its images one folder too deep, as in ${join(deeper, inner)}`,
      remedy: `Move them up, into ${join(folder, deeper)}.`,
    };
  }
  const unread = [folder, ...folders.map((name) => join(folder, name))].flatMap((each) =>
    contentOf(each).files.filter((name) => UNREAD_PICTURE.test(name)),
  );
  if (pictures.length > 0 && folders.length === 0) {
    const above = dirname(resolve(folder));
    return {
      problem: `holds ${pictures.length} images and no class folder; it may be a class folder itself`,
      remedy: `If so, name the folder above: ${above}. ${USUAL}`,
    };
  }
  if (unread.length > 0) {
    const kinds = [...new Set(unread.map((name) => extname(name).slice(1).toUpperCase()))].sort();
    return {
      problem: `has ${unread.length} images in unsupported formats (${kinds.join(", ")}) and too few others`,
      remedy: `holdfast reads JPEG, PNG and WebP. Save ${basename(unread[0]!)} and the others as PNG, which is lossless.`,
    };
  }
  return undefined;
}
