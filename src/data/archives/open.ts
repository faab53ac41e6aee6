import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../../errors/index.js";
import { fileError } from "../../files/index.js";
import { createCache, DEFAULT_CACHE_BYTES } from "../cache.js";
import { createDataset } from "../create.js";
import type { Dataset, SkippedFile } from "../dataset.js";
import { decodeBytes } from "../decode.js";
import { fitOf, type OpenOptions } from "../options.js";
import { sentences } from "../select.js";
import { encodedBytes, type EncodedSource } from "../source.js";
import { choosePictures } from "./choose.js";
import { isArchive, LARGEST_ARCHIVE, type ArchiveEntry } from "./entry.js";
import { isPicture, layoutOf } from "./layout.js";
import { archiveEntries } from "./read.js";

const USUAL_SIZE = { height: 224, width: 224, channels: 3 };
const SLAB = 2 ** 26;

/** Whether `path` is an archive, or a folder of the tars of classes (`n01440764.tar` …). */
export function isArchived(path: string): boolean {
  return isArchive(path) || classTars(path).length > 0;
}

/**
 * One split of an archive of pictures, held encoded in memory and never unpacked to disk: a zip or tar with a folder for
 * each class, ImageNet's tar of the tars of its classes (or a folder of these), Kaggle's zip with the labels in the
 * file names. A split that the owners do not give is dealt 80 to 20 by the seed, which `description` says.
 *
 * @throws InputError on a damaged or hostile archive, or one that holds fewer than two classes.
 */
export async function openArchive(path: string, split: string, options: OpenOptions): Promise<Dataset> {
  const pictures = await gather(path, options.classes);
  const layout = layoutOf(pictures.names, path);
  const { chosen, note, found } = choosePictures(path, pictures.names, layout, split, options.seed ?? 0);
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const cache = createCache(
    pictures.names.length,
    channels * height * width,
    options.cacheBytes ?? DEFAULT_CACHE_BYTES,
  );
  const source: EncodedSource = { kind: "encoded", ...pictures, fit, cache, channels, height, width };
  const skipped =
    options.skipUnreadable === true ? await unreadable(source, chosen) : new Map<number, SkippedFile>();
  const kept = chosen.filter((index) => !skipped.has(index));
  return createDataset({
    name: `${path}:${found}`,
    split: found,
    classNames: layout.classNames,
    labels: Int32Array.from(kept, (index) => layout.labels[index]!),
    source,
    sourceIndices: kept,
    ...(skipped.size > 0 ? { skipped: [...skipped.values()] } : {}),
    description: sentences(
      note,
      `Pictures resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
    ),
    fileName: (index) => pictures.names[index]!,
  });
}

/** Names of the class tars in a folder; none where it is no folder, or holds anything else of use. */
function classTars(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^n\d{8}\.tar$/.test(name))
      .sort();
  } catch {
    return [];
  }
}

type Pictures = Pick<EncodedSource, "slabs" | "at" | "names">;

/** Every picture's encoded bytes, in the order of their names. */
async function gather(path: string, classes: readonly string[] | undefined): Promise<Pictures> {
  const slabs: Uint8Array<SharedArrayBuffer>[] = [];
  const found: { readonly name: string; readonly at: readonly [number, number, number] }[] = [];
  let used = SLAB;
  let total = 0;
  const wanted = (name: string): boolean =>
    isPicture(name) && (classes === undefined || classes.some((each) => name.split("/").includes(each)));
  for await (const { name, bytes } of entriesUnder(path, wanted)) {
    total += bytes.length;
    if (total > LARGEST_ARCHIVE) {
      throw new InputError({
        place: path,
        problem: `holds more than ${LARGEST_ARCHIVE / 2 ** 30} GiB of pictures`,
        remedy: "Unpack it and give the folder, or choose classes (--classes).",
      });
    }
    if (used + bytes.length > SLAB) {
      slabs.push(new Uint8Array(new SharedArrayBuffer(Math.max(SLAB, bytes.length))));
      used = 0;
    }
    slabs.at(-1)!.set(bytes, used);
    found.push({ name, at: [slabs.length - 1, used, bytes.length] });
    used += bytes.length;
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { slabs, at: found.map(({ at }) => at), names: found.map(({ name }) => name) };
}

async function* entriesUnder(path: string, wanted: (name: string) => boolean): AsyncGenerator<ArchiveEntry> {
  if (isArchive(path)) return yield* archiveEntries(path, wanted);
  for (const tar of classTars(path)) {
    const folder = basename(tar, ".tar");
    try {
      for await (const { name, bytes } of archiveEntries(join(path, tar), (name) =>
        wanted(`${folder}/${name}`),
      )) {
        yield { name: `${folder}/${name}`, bytes };
      }
    } catch (error) {
      throw fileError(error, join(path, tar));
    }
  }
}

async function unreadable(source: EncodedSource, places: Uint32Array): Promise<Map<number, SkippedFile>> {
  const skipped = new Map<number, SkippedFile>();
  for (const index of places) {
    try {
      await decodeBytes(encodedBytes(source, index), source.names[index]!);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      skipped.set(index, { file: source.names[index]!, problem: error.problem });
    }
  }
  return skipped;
}
