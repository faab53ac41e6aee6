/** Folders that this program owns. It follows no links inside them and removes only what it wrote. */
import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors/index.js";
import { fileError } from "./files.js";

/**
 * Refuses links among the program's own paths. Call it before writing to them or emptying them. A path that does not
 * exist is accepted.
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
 * Removes from a folder, and from those below it, the files that `isOwn` accepts, and then the folder if it is empty. A
 * link is removed itself, never its target. What cannot be removed stays.
 *
 * @param isOwn whether the program owns a name, given as a path relative to the folder with `/` between its parts.
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
  // The system refuses this if something is left. A folder below that was empty before is not ours and stays.
  if (entries.length > 0 || below === "") await rmdir(folder).catch(() => {});
}
