import { readdirSync, statSync } from "node:fs";
import { fileError } from "../../files/index.js";

/** Error codes for a path that leads nowhere. */
const NO_FOLDER: ReadonlySet<string> = new Set(["ELOOP", "ENAMETOOLONG"]);

/** Whether `path` is a folder. A circular link counts as an unreadable file. */
export function isFolder(path: string): boolean {
  if (path.includes("\0")) return false;
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    if (NO_FOLDER.has((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw fileError(error, path);
  }
}

/**
 * Names directly in a folder, in any order.
 *
 * @throws InputError if it cannot be read.
 */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
}
