/** Folders that this program keeps: nothing in them is reached through a link, and only what it wrote is removed. */
import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors/index.js";
import { fileError } from "./files.js";

/**
 * Refuses links among paths of the program's own. Call it before they are written or emptied. A path where nothing is
 * passes.
 *
 * @throws InputError naming the first link.
 */
export async function refuseLinks(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!(await isLink(path))) continue;
    throw new InputError({
      place: path,
      problem: "is a link, and holdfast follows no links inside its own folders",
      remedy: "Replace the link with its target. To keep a folder elsewhere, link the whole folder.",
    });
  }
}

async function isLink(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw fileError(error, path);
  });
  return found?.isSymbolicLink() === true;
}

/**
 * Removes what `isOwn` names from a folder and, where nothing else is in it, the folder. Links are removed
 * themselves, never what they point to; folders below are emptied the same way. What cannot be removed stays.
 *
 * @param isOwn whether a name is one's own, as a path from the folder with `/` between its parts.
 */
export async function removeOwn(folder: string, isOwn: (name: string) => boolean): Promise<void> {
  if (await isLink(folder)) return;
  await emptyOwn(folder, "", isOwn);
}

async function emptyOwn(folder: string, below: string, isOwn: (name: string) => boolean): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const name = `${below}${entry.name}`;
    if (entry.isDirectory()) await emptyOwn(path, `${name}/`, isOwn);
    else if (isOwn(name)) await unlink(path).catch(() => {});
  }
  // Refused by the system where something is left; folders that are not one's own were never made empty.
  if (entries.length > 0 || below === "") await rmdir(folder).catch(() => {});
}
