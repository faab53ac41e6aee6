import { realpathSync, statSync, type BigIntStats } from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../errors/index.js";

/** Paths by their name on the command line; absent ones were not given. */
export type Named = Readonly<Record<string, string | undefined>>;

/** Files of a run folder, all of which count as input. */
const RUN_FILES = ["model.onnx", "config.json", "manifest.json", "log.jsonl"];

/** File extensions of outputs that no picture has, so a data folder may hold them. */
const NO_PICTURES = new Set([".json", ".html", ".npz"]);

/**
 * Refuses an output that is an input or another output, that lies among the pictures of a data folder, or that cannot be
 * written, before anything is computed or overwritten. A device or a pipe may be named twice.
 *
 * @param data inputs that are data, whose folders hold pictures.
 * @throws UsageError, InputError naming the option.
 */
export async function checkOutputs(outputs: Named, inputs: Named, data: Named = {}): Promise<void> {
  const taken = new Map<string, string>();
  for (const [name, path] of Object.entries({ ...inputs, ...data })) {
    if (path === undefined) continue;
    for (const file of [path, withoutSplit(path), ...RUN_FILES.map((own) => join(path, own))]) {
      const key = existing(file);
      if (key !== undefined) taken.set(key, `${name}: ${file}`);
    }
  }
  // Commands that fail on their arguments alone load nothing beyond this point.
  const { checkWritable, outputPath } = await import("../files/index.js");
  for (const [name, path] of Object.entries(outputs)) {
    if (path === "") throw new UsageError({ place: name, problem: "is empty", remedy: "Name a file." });
    if (path === undefined) continue;
    await checkWritable(path);
    if (isDevice(path)) continue;
    const key = existing(path) ?? planned(path);
    const other = taken.get(key);
    if (other !== undefined) {
      throw new UsageError({
        place: `${name} ${path}`,
        problem: `would overwrite ${other}`,
        remedy: "Give it another name.",
      });
    }
    taken.set(key, `${name}: ${path}`);
    const target = planned(await outputPath(path));
    for (const [what, folder] of Object.entries(data)) refuseAmong(`${name} ${path}`, target, what, folder);
  }
}

/**
 * Refuses an output folder that is a file, or that would lie inside a file, before any work. Creates nothing.
 *
 * @throws UsageError naming the option.
 */
export function checkFolder(name: string, path: string): void {
  if (path === "") throw new UsageError({ place: name, problem: "is empty", remedy: "Name a folder." });
  for (let above = resolve(path); ; above = dirname(above)) {
    const found = lookUp(above);
    if (found?.isDirectory() === true || (found === undefined && above === dirname(above))) return;
    if (found === undefined) continue;
    throw new UsageError({
      place: `${name} ${path}`,
      problem: above === resolve(path) ? "is a file, not a folder" : `lies in a file, ${above}`,
      remedy: "Name a folder, existing or new.",
    });
  }
}

/** A data argument may end in a split: photos.csv:test. */
function withoutSplit(path: string): string {
  return path.replace(/:\w+$/, "");
}

/** An output picture in a data folder might overwrite one of its pictures, and would be read as one next time. */
function refuseAmong(place: string, target: string, what: string, data: string | undefined): void {
  if (data === undefined || NO_PICTURES.has(extname(target).toLowerCase())) return;
  for (const folder of [data, withoutSplit(data)]) {
    if (lookUp(folder)?.isDirectory() !== true) continue;
    const way = relative(realpathSync(folder), target);
    if (way === ".." || way.startsWith(`..${sep}`) || resolve(way) === way) continue;
    throw new UsageError({
      place,
      problem: `lies in the folder of ${what}: ${folder}`,
      remedy: "Choose another folder: in this one it could overwrite a picture, or be read as one.",
    });
  }
}

/** What exists at the end of all links; undefined if nothing does, or nothing accessible. */
function lookUp(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** Identifies an existing file, whatever links lead to it. */
function existing(path: string): string | undefined {
  const found = lookUp(path);
  return found && `${found.dev}:${found.ino}`;
}

/** Identifies a file to be created, by its folder and name. */
function planned(path: string): string {
  const folder = resolve(dirname(path));
  try {
    return join(realpathSync(folder), basename(path));
  } catch {
    return join(folder, basename(path));
  }
}

function isDevice(path: string): boolean {
  const found = lookUp(path);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
