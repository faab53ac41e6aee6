import { cp, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors/index.js";
import { ensureFolder, fileError, finalName, lockFolder, refuseLinks, removeOwn } from "../files/index.js";
import { isRunFile } from "../training/index.js";
import { finishedPieces, PIECES, readPieceFile } from "./store.js";
import { RUN } from "./work.js";

export interface Merged {
  /** Titles of the copied pieces. */
  readonly copied: readonly string[];
  /** Pieces already present with the same result. */
  readonly same: readonly string[];
  /** Pieces already present with another result, from another machine's arithmetic or a changed program. */
  readonly different: readonly string[];
}

/**
 * Copies the finished pieces of other folders, such as those of shards, into one. A piece that already exists
 * stays. A kill never leaves half a piece; the next merge removes other leftovers.
 *
 * @throws InputError if a folder has no finished pieces, or the disk is full; UsageError while another merge runs.
 */
export async function mergeReproductions(into: string, from: readonly string[]): Promise<Merged> {
  await refuseLinks([join(into, PIECES)]);
  await ensureFolder(join(into, PIECES));
  const unlock = await lockFolder(into, join(into, ".merge.lock"));
  try {
    await removeLeftovers(into);
    return await copyPieces(into, from);
  } finally {
    await unlock();
  }
}

async function copyPieces(into: string, from: readonly string[]): Promise<Merged> {
  const copied: string[] = [];
  const same: string[] = [];
  const different: string[] = [];
  const there = new Set(await finishedPieces(into));
  for (const folder of from) {
    const names = await finishedPieces(folder);
    if (names.length === 0) {
      throw new InputError({
        place: folder,
        problem: "has no finished pieces",
        remedy: "Name a folder that holdfast reproduce wrote.",
      });
    }
    for (const name of names) {
      const source = join(folder, PIECES, name);
      const { title, result } = await readPieceFile(source);
      if (there.has(name)) {
        const own = await readPieceFile(join(into, PIECES, name));
        (timeless(own.result) === timeless(result) ? same : different).push(title);
        continue;
      }
      await refusePlanted(source);
      await copyWhole(into, source, join(into, PIECES, name));
      there.add(name);
      copied.push(title);
    }
  }
  return { copied, same, different };
}

/** A reproduction never writes links, FIFOs or devices; copying one could lead elsewhere or never end. */
async function refusePlanted(piece: string): Promise<void> {
  const entries = await readdir(piece, { recursive: true, withFileTypes: true });
  const planted = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (planted === undefined) return;
  throw new InputError({
    place: join(planted.parentPath, planted.name),
    problem: "is a link or a device: merge copies only plain files",
    remedy: "Put the file itself in its place, or delete the piece there.",
  });
}

/** Folders into which a piece is copied before it moves into place. */
const TEMPORARY = /^\.merge-\w{6}$/;
const COPY = "piece";

/** Removes what a killed merge left. No other merge writes there, because the caller holds the folder. */
async function removeLeftovers(into: string): Promise<void> {
  const isCopied = (path: string): boolean => {
    const [folder, ...rest] = path.split("/");
    return folder === COPY && isPieceFile(rest.join("/"));
  };
  for (const name of await readdir(into)) {
    if (TEMPORARY.test(name)) await removeOwn(join(into, name), isCopied);
  }
}

async function copyWhole(into: string, source: string, target: string): Promise<void> {
  const temporary = await mkdtemp(join(into, ".merge-")).catch((error: unknown) => {
    throw fileError(error, into);
  });
  try {
    const copy = join(temporary, COPY);
    await cp(source, copy, { recursive: true, filter: (path) => path !== join(source, "lock") });
    // Replaces an unfinished piece of the same name.
    await removeOwn(target, isPieceFile);
    await rename(copy, target);
  } catch (error) {
    throw fileError(error, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Whether the work of a piece writes this path below its folder. */
function isPieceFile(name: string): boolean {
  if (name.startsWith(`${RUN}/`)) return isRunFile(name.slice(RUN.length + 1));
  return /^(?:piece\.json|parts\.jsonl|lock|\d{5,}\.npy)$/.test(finalName(name));
}

/** The result without its duration. */
function timeless(result: unknown): string {
  return JSON.stringify(result, (key, value: unknown) => (key === "seconds" ? undefined : value));
}
