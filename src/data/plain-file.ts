/** Files of a dataset: a FIFO would be waited for without end, and a device read without end. */
import { readFileSync, statSync, type Stats } from "node:fs";
import { InputError } from "../errors/index.js";
import { fileError } from "../files/index.js";

/** @throws InputError unless `path` leads to a plain file. */
export function checkPlainFile(path: string): void {
  const refused = (problem: string): InputError =>
    new InputError({ place: path, problem, remedy: "Name a plain file, or remove this one from the data." });
  if (path.includes("\0")) throw refused("has a NUL in its name");
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  // What is wrong with a folder is said when it is read.
  if (!stats.isFile() && !stats.isDirectory())
    throw refused("is a FIFO, a device or a socket, no plain file");
}

/** As `readFileChecked` reads, at once. @throws InputError when the file cannot be read, or is no plain one. */
export function readPlainFileSync(path: string): Uint8Array {
  checkPlainFile(path);
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
}
