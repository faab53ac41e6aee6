/** A table of images: one line each, with its file, its class and optionally its split. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, win32 } from "node:path";
import { InputError, refusing } from "../../errors/index.js";
import { normalName, sortedClasses } from "../classes/index.js";
import type { Dataset, OpenOptions } from "../dataset/index.js";
import { readTable } from "../formats/index.js";
import { choosePart, splitOfFolder, type Split } from "../splits.js";
import { openImageFiles } from "./image-files.js";

const refused = refusing(
  "A table of images has the header path,label or path,label,split and one line per image.",
);

interface Row {
  readonly path: string;
  readonly label: string;
  readonly split: Split | undefined;
}

/** Accepted names of the columns. */
const COLUMNS = {
  path: ["path", "file", "filename", "file_name", "image", "image_path"],
  label: ["label", "class", "class_name", "category"],
  split: ["split", "set", "subset"],
} as const;

/**
 * One split of a CSV file with a header: columns `path` (relative to the file's folder), `label` and optionally
 * `split` (train, val, test). Without it the images are divided at random.
 *
 * @throws InputError naming a line that is invalid or leads out of the folder; UsageError for a missing split.
 */
export async function openCsv(file: string, split: string, options: OpenOptions): Promise<Dataset> {
  const rows = await readRows(file);
  const classNames = sortedClasses(rows.map(({ label }) => label));
  if (classNames.length < 2) throw refused(file, `has images of only one class, "${classNames[0] ?? ""}"`);
  const folder = dirname(file);
  const labels = Int32Array.from(rows, ({ label }) => classNames.indexOf(label));
  const undivided = {
    place: file,
    lack: 'The table has no column "split"',
    images: "images",
    stream: "data/csv-split",
    what: "lines of the split",
  } as const;
  const images = { classNames, labels, splits: rows.map((row) => row.split) };
  const { split: found, ...part } = choosePart(images, split, undivided, options);
  const paths = rows.map(({ path }) => join(folder, path));
  return openImageFiles(folder, found, { classNames, paths, labels, ...part }, options);
}

async function readRows(file: string): Promise<Row[]> {
  const { columns, lines } = await readTable(file);
  const column = (which: keyof typeof COLUMNS): string | undefined =>
    COLUMNS[which].find((name) => columns.includes(name));
  const [pathColumn, label, split] = [column("path"), column("label"), column("split")];
  if (pathColumn === undefined || label === undefined) {
    throw refused(file, `has the columns ${columns.join(", ")}; it needs "path" and "label"`);
  }
  const folder = resolve(dirname(file));
  const seen = new Map<string, { readonly at: string; readonly className: string }>();
  return lines.map(({ at, cells }) => {
    const [name, className] = [cells[pathColumn]!.trim(), cells[label]!.trim()];
    if (name === "" || className === "") throw refused(at, "has no path or no label");
    const path = pathInside(folder, name, at);
    refuseTwoLabels(seen, resolve(folder, path), at, normalName(className));
    return {
      path,
      label: normalName(className),
      split: split === undefined ? undefined : splitOf(at, cells[split]!),
    };
  });
}

/** A picture cannot have two classes. */
function refuseTwoLabels(
  seen: Map<string, { readonly at: string; readonly className: string }>,
  path: string,
  at: string,
  className: string,
): void {
  const before = seen.get(path);
  if (before === undefined) seen.set(path, { at, className });
  else if (before.className !== className) {
    const line = /line \d+$/.exec(before.at)?.[0] ?? before.at;
    throw new InputError({
      place: at,
      problem: `labels ${path} "${className}", but ${line} labels it "${before.className}"`,
      remedy: "Give every image one class.",
    });
  }
}

/**
 * A path below `folder`: as written, with `\` between its folders, or absolute.
 *
 * @throws InputError if it leads out of the folder.
 */
function pathInside(folder: string, name: string, at: string): string {
  if (/\0/.test(name)) throw refused(at, "has a path with a NUL in it");
  const turned =
    name.includes("\\") && !existsSync(resolve(folder, name)) ? name.replaceAll("\\", "/") : name;
  if (!isAbsolute(turned) && win32.isAbsolute(turned)) {
    throw refused(
      at,
      `"${name}" is an absolute path from another machine; use paths below the table's folder`,
    );
  }
  const below = (from: string): string | undefined => {
    const way = relative(from, resolve(folder, turned));
    return /^\.\.(?:[/\\]|$)/.test(way) || isAbsolute(way) ? undefined : way;
  };
  const inside = below(folder) ?? below(realFolder(folder));
  if (inside === undefined) {
    throw refused(at, `"${name}" leads out of the folder ${folder}; use paths below it, or move the table`);
  }
  return isAbsolute(turned) ? inside : turned;
}

/** An absolute path may or may not go through a link to the folder. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

function splitOf(at: string, text: string): Split {
  const known = splitOfFolder(text.trim());
  if (known !== undefined) return known;
  throw refused(at, `"${text}" is not a split; use train, val or test`);
}
