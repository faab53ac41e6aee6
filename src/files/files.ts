/**
 * Files that are either the old ones or the new ones, never half of each, and file-system
 * errors in words that name the path and the remedy.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HoldfastError, InputError } from "../errors/index.js";

const REMEDIES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOENT: ["does not exist", "Check the path."],
  EACCES: ["may not be accessed", "Give yourself permission, or choose another place."],
  EPERM: ["may not be accessed", "Give yourself permission, or choose another place."],
  EROFS: ["lies on a read-only file system", "Choose another place."],
  ENOSPC: ["could not be written: the disk is full", "Free some space, then run the same again."],
  EDQUOT: ["could not be written: your quota is used up", "Free some space, then run the same again."],
  EISDIR: ["is a folder, not a file", "Name a file."],
  ENOTDIR: ["leads through a file as if it were a folder", "Check the path."],
  EEXIST: ["exists already", "Choose another name."],
  EFBIG: ["is larger than files may be here", "Write to another file system, or raise the limit."],
  ERR_FS_FILE_TOO_LARGE: ["is too large to be read at once", "Make it smaller, or leave it out."],
  ELOOP: ["leads through links in a circle", "Mend or remove the link."],
  ENAMETOOLONG: ["has a name that is too long here", "Choose a shorter one."],
  EIO: ["could not be read or written: the disk reports an error", "Check the disk, or use another one."],
  EMFILE: ["could not be opened: too many files are open", "Raise the limit (ulimit -n)."],
};

/** The error of a file-system call, as an InputError that names the path; others as they are. */
export function fileError(cause: unknown, path: string): Error {
  if (cause instanceof HoldfastError) return cause;
  const code = (cause as { code?: string } | null)?.code ?? "";
  const known = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  if (known === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  return new InputError({ place: path, problem: known[0], remedy: known[1], cause });
}

/** @throws InputError when the file cannot be read. */
export async function readFileChecked(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Makes the folder and those above it. @throws InputError when that is not possible. */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(error, path);
  }
}

export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true, recursive: true }).catch(() => {});
}

/**
 * Writes beside the target, flushes to the disk, renames, and flushes the folder: after a
 * crash at any moment the path holds the old bytes or the new ones. A link at the path is
 * replaced, not followed.
 *
 * @throws InputError on a full disk, a missing folder, no permission; nothing is left behind.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await removeQuietly(temporary);
    throw fileError(error, path);
  }
}

/** Windows cannot open a folder; there the rename itself is all there is. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** 64 hexadecimal digits. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
