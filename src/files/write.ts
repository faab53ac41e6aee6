/** Files that are either the old ones or the new ones, never half of each. */
import { constants, fstat, write, type Stats } from "node:fs";
import { access, lstat, open, readlink, realpath, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { InputError } from "../errors/index.js";
import { fileError } from "./files.js";

/**
 * Writes an output that a user named. A plain file, or none yet, is replaced as by {@link replaceFile}; a
 * link is followed to what it points to, and that is replaced; a device or a FIFO is written through.
 *
 * @throws InputError on a full disk, a missing folder, no permission; a plain file stays as it was.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    const target = await followLinks(path);
    if (target.kind === "file") await replace(target.path, bytes);
    else if (target.kind === "descriptor") await writeAll(target.descriptor, bytes);
    else await writeThrough(target.path, bytes);
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Writes beside the target, flushes to the disk, renames, and flushes the folder: after a
 * crash at any moment the path holds the old bytes or the new ones. A link at the path is
 * replaced, not followed: for names that a program chose, in folders of its own.
 *
 * @throws InputError on a full disk, a missing folder, no permission; nothing is left behind.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await replace(path, bytes);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Where {@link writeFileAtomic} writes: for files that must lie beside it. */
export async function outputPath(path: string): Promise<string> {
  try {
    const target = await followLinks(path);
    return target.kind === "descriptor" ? path : target.path;
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Tells before any work whether {@link writeFileAtomic} could write there, and changes nothing.
 *
 * @throws InputError where the folder is missing or may not be written, or a folder has that name.
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const target = await followLinks(path);
    if (target.kind === "descriptor") return;
    if (target.kind === "stream") return await access(target.path, constants.W_OK);
    const found = await statOf(target.path);
    if (found?.isDirectory() === true) throw Object.assign(new Error(path), { code: "EISDIR" });
    await access(dirname(target.path), constants.W_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw fileError(error, path);
    throw new InputError({
      place: path,
      problem: "its folder does not exist",
      remedy: "Make the folder, or choose another place.",
      cause: error,
    });
  }
}

const TEMPORARY = /^\.(.+)\.\d+\.tmp$/;

/** The file that a name in a folder stands for: of `.config.json.123.tmp`, which a kill left, `config.json`. */
export function finalName(name: string): string {
  return TEMPORARY.exec(name)?.[1] ?? name;
}

async function replace(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const before = await statOf(path);
  if (before?.isDirectory() === true) throw Object.assign(new Error(path), { code: "EISDIR" });
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx");
    try {
      // What only its owner could read stays so.
      if (before?.isFile() === true) await file.chmod(before.mode & 0o777);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

type Target =
  | { readonly kind: "file" | "stream"; readonly path: string }
  | { readonly kind: "descriptor"; readonly descriptor: number };

/** The kernel follows no more. */
const MOST_LINKS = 40;
/** What `/dev/stdout` points to. It is written by its number: the name behind it may be another file by now. */
const DESCRIPTOR = /^\/proc\/(self|\d+)\/fd\/(\d+)$/;

async function followLinks(start: string): Promise<Target> {
  let path = start;
  for (let links = 0; links < MOST_LINKS; links++) {
    const [, owner, number] = DESCRIPTOR.exec(await inRealFolder(path)) ?? [];
    if (owner === "self" || owner === String(process.pid)) return await descriptorOf(path, Number(number));
    const found = await statOf(path);
    if (found === undefined || found.isFile() || found.isDirectory()) return { kind: "file", path };
    if (!found.isSymbolicLink()) return { kind: "stream", path };
    path = resolve(dirname(await inRealFolder(path)), await readlink(path));
  }
  throw Object.assign(new Error(start), { code: "ELOOP" });
}

/** A pipe is opened anew, since Node makes its own end of it non-blocking; a file goes on where it stands. */
async function descriptorOf(path: string, descriptor: number): Promise<Target> {
  const found = await promisify(fstat)(descriptor);
  return found.isFIFO() ? { kind: "stream", path } : { kind: "descriptor", descriptor };
}

/** The path with its folder's own links resolved, so that `..` in a link means what the system means by it. */
async function inRealFolder(path: string): Promise<string> {
  return join(await realpath(dirname(path)), basename(path));
}

async function statOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function writeThrough(path: string, bytes: Uint8Array | string): Promise<void> {
  const file: FileHandle = await open(path, constants.O_WRONLY);
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

async function writeAll(descriptor: number, bytes: Uint8Array | string): Promise<void> {
  const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  for (let done = 0; done < all.length;) {
    done += (await promisify(write)(descriptor, all, done)).bytesWritten;
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
