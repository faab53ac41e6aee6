import { InputError } from "../../errors/index.js";

/** A file in an archive, its bytes unpacked. */
export interface ArchiveEntry {
  /** As the archive calls it, with `/` between folders; a nested archive's name is a folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Which entries are unpacked, by name. */
export type Wanted = (name: string) => boolean;

/** Which files and which archives in an archive are unpacked. */
export interface Unpacked {
  readonly file: Wanted;
  readonly archive: Wanted;
}

/** An encoded picture of a hundred megapixels is smaller; a larger entry is a bomb or no picture. */
const LARGEST_ENTRY = 2 ** 28;
/** Unpacked bytes of one archive, which are held in memory. */
export const LARGEST_ARCHIVE: number = 2 ** 33;

/** Pictures barely compress: what unpacks to more than this many times its size, and more than a mebibyte, is a bomb. */
const MOST_RATIO = 100;
const ANY_RATIO = 2 ** 20;

/** Whether `packed` bytes may become `unpacked` bytes. */
export function isBomb(packed: number, unpacked: number): boolean {
  return unpacked > ANY_RATIO && unpacked > MOST_RATIO * packed;
}

/** Counts what an archive unpacks to, and refuses what goes beyond. Of the archives in it one is held at a time. */
export interface Budget {
  /** @throws InputError when `name` claims to be, or is, too large. */
  take(name: string, bytes: number): void;
}

export function createBudget(place: string): Budget {
  let total = 0;
  return {
    take(name, bytes) {
      const nested = isArchive(name);
      if (!nested) total += bytes;
      if (bytes > (nested ? LARGEST_ARCHIVE : LARGEST_ENTRY) || total > 2 * LARGEST_ARCHIVE) {
        throw refused(place, name, `unpacks to ${bytes} bytes, more than the memory limit`);
      }
    },
  };
}

/**
 * A name that stays in the archive.
 *
 * @throws InputError when it is absolute, leads out, or has characters that file systems read in another way.
 */
export function checkedName(place: string, name: string, seen: Set<string>): string {
  const problem = /^\/|^[A-Za-z]:/.test(name)
    ? "has an absolute name"
    : name.split("/").includes("..")
      ? "leads out of the archive with .."
      : /[\0\\]/.test(name)
        ? "has a name with a backslash or a NUL"
        : seen.has(name)
          ? "appears twice"
          : undefined;
  if (problem !== undefined) throw refused(place, name, problem);
  seen.add(name);
  return name.replace(/^(\.\/)+/, "");
}

export function refused(place: string, name: string, problem: string, cause?: unknown): InputError {
  return new InputError({
    place: `${place}, entry ${JSON.stringify(name)}`,
    problem,
    remedy: "Get the archive again from its owners. An archive like this may be hostile.",
    cause,
  });
}

/** Archives that are read, by name. */
export function isArchive(name: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz)$/i.test(name);
}
