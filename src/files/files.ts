/** Reads files, and turns file-system errors into messages with the path and the remedy. */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type Stats } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { HoldfastError, InputError } from "../errors/index.js";

const REMEDIES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  ENOENT: ["does not exist", "Check the path."],
  ERR_INVALID_ARG_VALUE: ["has a NUL in its name", "Check the path."],
  EACCES: ["cannot be accessed: permission denied", "Give yourself permission, or choose another place."],
  EPERM: ["cannot be accessed: permission denied", "Give yourself permission, or choose another place."],
  EROFS: ["is on a read-only file system", "Choose another place."],
  ENOSPC: ["could not be written: the disk is full", "Free some space, then run the same again."],
  EDQUOT: ["could not be written: your quota is used up", "Free some space, then run the same again."],
  EISDIR: ["is a folder, not a file", "Name a file."],
  ENOTDIR: ["treats a file as a folder", "Check the path."],
  EEXIST: ["already exists", "Choose another name."],
  EFBIG: [
    "is larger than the file system or the limit allows",
    "Write to another file system, or raise the limit.",
  ],
  ERR_FS_FILE_TOO_LARGE: ["is too large to be read at once", "Make it smaller, or remove it."],
  ELOOP: ["leads through circular links", "Fix or remove the link."],
  ENAMETOOLONG: ["has a name that is too long", "Choose a shorter one."],
  EIO: ["could not be read or written: the disk reports an error", "Check the disk, or use another one."],
  ENOTEMPTY: ["is a folder that is not empty", "Empty it, or choose another name."],
  EBUSY: ["is in use and cannot be replaced", "Choose another name."],
  EBADF: ["is closed", "Name a file."],
  EPIPE: ["was closed by its reader", "Write to a file instead."],
  ENXIO: ["is a device or a socket that cannot be opened", "Name a plain file."],
  EMFILE: ["could not be opened: too many files are open", "Raise the limit (ulimit -n)."],
};

/** Turns the error of a file-system call into an InputError that names the path. Other errors stay as they are. */
export function fileError(cause: unknown, path: string): Error {
  if (cause instanceof HoldfastError) return cause;
  const code = (cause as { code?: string } | null)?.code ?? "";
  const known = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  if (known === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  return new InputError({ place: path, problem: known[0], remedy: known[1], cause });
}

/** Without O_NONBLOCK, opening a FIFO would wait for a writer. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads the bytes of a plain file. A FIFO or a device is refused at once, because it might never end.
 *
 * @param mostBytes the size limit, checked before reading.
 * @param remedy what to do about a file that is too large.
 * @throws InputError if the file cannot be read, is too large, or is not a plain file.
 */
export async function readFileChecked(
  path: string,
  mostBytes: number = Infinity,
  remedy: string = "Check that it is the file you mean.",
): Promise<Uint8Array> {
  try {
    const file = await open(path, READ);
    try {
      const found = await file.stat();
      refuseSpecial(path, found);
      if (found.size > mostBytes) {
        throw new InputError({
          place: path,
          problem: `has ${found.size} bytes; the limit for such files is ${mostBytes}`,
          remedy,
        });
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** {@link readFileChecked} for synchronous callers. @throws the same errors. */
export function readFileCheckedSync(path: string): Uint8Array {
  try {
    const descriptor = openSync(path, READ);
    try {
      refuseSpecial(path, fstatSync(descriptor));
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Checks a file that a library will open by its path. @throws InputError unless the path leads to a plain file. */
export function checkPlainFile(path: string): void {
  try {
    refuseSpecial(path, statSync(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a FIFO";
  return found.isSocket() ? "a socket" : "a device";
}

function refuseSpecial(path: string, found: Stats): void {
  if (found.isFile()) return;
  throw new InputError({
    place: path,
    problem: `is ${kindOf(found)}, not a file`,
    remedy: found.isDirectory() ? "Name a file." : "Write its contents to a file, and name that file.",
  });
}

/** Creates the folder and those above it. @throws InputError if that fails. */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The SHA-256 hash as 64 hexadecimal digits. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
