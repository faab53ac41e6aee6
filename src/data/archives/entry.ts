import { InputError } from "../../errors/index.js";

/** A file in an archive, unpacked. */
export interface ArchiveEntry {
  /** Its name in the archive, with `/` between folders; a nested archive counts as a folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Which entries to unpack, by name. */
export type Wanted = (name: string) => boolean;

/** Which files and nested archives to unpack. */
export interface Unpacked {
  readonly file: Wanted;
  readonly archive: Wanted;
}

/** An encoded picture of a hundred megapixels is smaller than this; a larger entry is a bomb or not a picture. */
const LARGEST_ENTRY = 2 ** 28;
/** Most unpacked bytes of one archive, which are held in memory. */
export const LARGEST_ARCHIVE: number = 2 ** 33;

/** Pictures barely compress, so an entry that unpacks to more than this many times its size, and to over a mebibyte, is a bomb. */
const MOST_RATIO = 100;
const ANY_RATIO = 2 ** 20;

/** Whether `packed` bytes may become `unpacked` bytes. */
export function isBomb(packed: number, unpacked: number): boolean {
  return unpacked > ANY_RATIO && unpacked > MOST_RATIO * packed;
}

/** Counts what an archive unpacks to, and refuses what exceeds the limit. Only one nested archive is held at a time. */
export interface Budget {
  /** @throws InputError if `name` is, or claims to be, too large. */
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
 * Checks that a name stays in the archive.
 *
 * @throws InputError if it is absolute, leads out, or has characters that some file systems interpret.
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
