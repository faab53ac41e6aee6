import { cp, rename } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors/index.js";
import { ensureFolder, fileError, removeQuietly } from "../files/index.js";
import { finishedPieces, PIECES, readPieceFile } from "./store.js";

export interface Merged {
  /** Pieces that came in, by the title. */
  readonly copied: readonly string[];
  /** Pieces that were there already, with the same result. */
  readonly same: readonly string[];
  /** Pieces that were there already with another result: another machine's arithmetic, or a changed program. */
  readonly different: readonly string[];
}

/**
 * Copies the finished pieces of other folders, as shards leave them, into one. A piece that is there already
 * stays. A kill leaves no half a piece.
 *
 * @throws InputError when a folder has no finished pieces, or the disk is full.
 */
export async function mergeReproductions(into: string, from: readonly string[]): Promise<Merged> {
  const copied: string[] = [];
  const same: string[] = [];
  const different: string[] = [];
  await ensureFolder(join(into, PIECES));
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
      await copyWhole(source, join(into, PIECES, name));
      there.add(name);
      copied.push(title);
    }
  }
  return { copied, same, different };
}

async function copyWhole(source: string, target: string): Promise<void> {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await removeQuietly(temporary);
    await cp(source, temporary, { recursive: true });
    // An unfinished piece of the same name gives way.
    await removeQuietly(target);
    await rename(temporary, target);
  } catch (error) {
    await removeQuietly(temporary);
    throw fileError(error, target);
  }
}

/** The result without how long it took. */
function timeless(result: unknown): string {
  return JSON.stringify(result, (key, value: unknown) => (key === "seconds" ? undefined : value));
}
