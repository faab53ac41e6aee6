import { readdirSync, statSync } from "node:fs";
import { fileError } from "../../files/index.js";

/** Errors of a path that leads nowhere. */
const NO_FOLDER: ReadonlySet<string> = new Set(["ELOOP", "ENAMETOOLONG"]);

/** Whether a folder could hold images by class. A link in a circle is a file that cannot be read. */
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
 * What lies directly in a folder, in any order.
 *
 * @throws InputError for one that cannot be read.
 */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
}
