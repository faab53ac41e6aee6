/** Writes files so that they always have either the old or the new contents, never half of each. */
import { constants, fstat, write, type Stats } from "node:fs";
import { access, lstat, open, readlink, realpath, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { InputError } from "../errors/index.js";
import { fileError } from "./files.js";

/**
 * Writes an output that a user named. A plain file is created or replaced as by {@link replaceFile}. A link is followed
 * and its target replaced. A device or a FIFO is written to directly.
 *
 * @throws InputError on a full disk, a missing folder or missing permission. A plain file then stays as it was.
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
 * Writes a file beside the target, flushes it to the disk, renames it, and flushes the folder. After a crash at any
 * moment, the path has the old bytes or the new ones. A link at the path is replaced, not followed. Use it for names
 * that the program chose, in its own folders.
 *
 * @throws InputError on a full disk, a missing folder or missing permission. Nothing is left behind.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await replace(path, bytes);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The path that {@link writeFileAtomic} writes to, for files that must lie beside it. */
export async function outputPath(path: string): Promise<string> {
  try {
    const target = await followLinks(path);
    return target.kind === "descriptor" ? path : target.path;
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Checks before any work whether {@link writeFileAtomic} could write to a path. Changes nothing.
 *
 * @throws InputError if the folder is missing or not writable, or if the path is a folder.
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

/** The file that a name belongs to: `config.json` for `.config.json.123.tmp`, which a killed process left. */
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
      // Keep the permissions: a private file stays private.
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

/** Linux follows no more links either. */
const MOST_LINKS = 40;
/** The target of `/dev/stdout`. It is written by its number, because the path may name another file by now. */
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

/** Reopens a pipe, since Node makes its own end non-blocking. A file is continued at its current position. */
async function descriptorOf(path: string, descriptor: number): Promise<Target> {
  const found = await promisify(fstat)(descriptor);
  return found.isFIFO() ? { kind: "stream", path } : { kind: "descriptor", descriptor };
}

/** The path with links in its folder resolved, so that `..` in a link has the meaning that the system gives it. */
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

/** Flushes a folder to the disk. Windows cannot open folders, so the rename has to suffice there. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
