/** Collects the encoded pictures of an archive in shared memory. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../../../errors/index.js";
import { fileError } from "../../../files/index.js";
import {
  archiveEntries,
  isArchive,
  LARGEST_ARCHIVE,
  type ArchiveEntry,
  type Unpacked,
} from "../../archives/index.js";
import type { GroundTruth } from "../../imagenet/index.js";
import { formatOf, type EncodedSource } from "../../pixels/index.js";
import { isPicture, maybeOf } from "./layout.js";

const SLAB = 2 ** 26;
/** First bytes, which identify a picture's format. */
const SIGNATURE = 16;
const CLASS_TAR = /^n\d{8}\.tar$/;

/** Pictures in the order of their names. */
export interface Pictures extends Pick<EncodedSource, "slabs" | "at" | "names"> {
  /** Names of pictures that cannot be of a requested class; their bytes were not kept. */
  readonly passed: readonly string[];
}

/** Names of the class tars in a folder; none if it is not a folder, or contains other relevant files. */
export function classTars(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => CLASS_TAR.test(name))
      .sort();
  } catch {
    return [];
  }
}

/**
 * The encoded bytes of every picture, or only of those that may be of `classes`.
 *
 * @throws InputError for a damaged or hostile archive, or one that does not fit into memory.
 */
export async function gatherPictures(
  path: string,
  classes: readonly string[] | undefined,
  truth: GroundTruth,
): Promise<Pictures> {
  const slabs: Uint8Array<SharedArrayBuffer>[] = [];
  const found: { readonly name: string; readonly at: readonly [number, number, number] }[] = [];
  const passed: string[] = [];
  let used = 0;
  let total = 0;
  for await (const entry of entriesUnder(path, unpackedOf(classes, passed, truth))) {
    const { name } = entry;
    // Anything but a picture needs no room: its first bytes identify it when it is read.
    const bytes = formatOf(entry.bytes) === undefined ? entry.bytes.subarray(0, SIGNATURE) : entry.bytes;
    total += bytes.length;
    if (total > LARGEST_ARCHIVE) {
      throw new InputError({
        place: path,
        problem: `holds more than ${LARGEST_ARCHIVE / 2 ** 30} GiB of images`,
        remedy: "Unpack it and name the folder, or select classes (--classes).",
      });
    }
    // An empty picture needs a slab too, even if it comes first.
    if (slabs.length === 0 || used + bytes.length > SLAB) {
      slabs.push(new Uint8Array(new SharedArrayBuffer(Math.max(SLAB, bytes.length))));
      used = 0;
    }
    slabs.at(-1)!.set(bytes, used);
    found.push({ name, at: [slabs.length - 1, used, bytes.length] });
    used += bytes.length;
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { slabs, at: found.map(({ at }) => at), names: found.map(({ name }) => name), passed };
}

/** Names of all files, including those in nested archives (except tars of other classes). No bytes are kept. */
export async function archiveNames(
  path: string,
  classes: readonly string[] | undefined,
  truth: GroundTruth,
): Promise<string[]> {
  const names: string[] = [];
  const file = (name: string): boolean => {
    names.push(name);
    return false;
  };
  for await (const _ of entriesUnder(path, { ...unpackedOf(classes, [], truth), file }));
  return names;
}

/** Pictures skipped by name are added to `passed`, because their classes still belong to the archive. */
function unpackedOf(classes: readonly string[] | undefined, passed: string[], truth: GroundTruth): Unpacked {
  const keep = (name: string, maybe: boolean): boolean => {
    if (!maybe) passed.push(name);
    return maybe;
  };
  return {
    file: (name) => isPicture(name) && keep(name, classes === undefined || maybeOf(name, classes, truth)),
    // ImageNet has 138 GB, so tars of other classes are not even read.
    archive: (name) => {
      const last = basename(name);
      if (classes === undefined || !CLASS_TAR.test(last)) return true;
      const folder = basename(last, ".tar");
      return keep(`${folder}/`, classes.includes(folder));
    },
  };
}

async function* entriesUnder(path: string, unpacked: Unpacked): AsyncGenerator<ArchiveEntry> {
  if (isArchive(path)) return yield* archiveEntries(path, unpacked);
  for (const tar of classTars(path)) {
    if (!unpacked.archive(tar)) continue;
    const folder = basename(tar, ".tar");
    const inside: Unpacked = { ...unpacked, file: (name) => unpacked.file(`${folder}/${name}`) };
    try {
      for await (const { name, bytes } of archiveEntries(join(path, tar), inside)) {
        yield { name: `${folder}/${name}`, bytes };
      }
    } catch (error) {
      throw fileError(error, join(path, tar));
    }
  }
}
