import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { fromBuffer, open, type Entry, type ZipFile } from "yauzl";
import { checkedName, createBudget, isBomb, refused, type ArchiveEntry, type Wanted } from "./entry.js";

/** Unix file types in the upper half of an entry's attributes. */
const TYPE_MASK = 0o170000;
const LINK = 0o120000;
const OPTIONS = {
  lazyEntries: true,
  autoClose: false,
  strictFileNames: true,
  validateEntrySize: true,
} as const;

/**
 * The wanted files of a zip, one after the other.
 *
 * @param source a path, or the bytes of a nested zip.
 * @throws InputError naming the entry if it is a link or encrypted, leads out, has a false size, is too large, or
 *   unpacks to far more than a picture would.
 */
export async function* zipEntries(
  source: string | Uint8Array,
  place: string,
  wanted: Wanted,
): AsyncGenerator<ArchiveEntry> {
  const zip = await opened(source, place);
  const seen = new Set<string>();
  const budget = createBudget(place);
  try {
    for (;;) {
      const entry = await nextEntry(zip, place);
      if (entry === undefined) return;
      const name = checkedName(place, entry.fileName, seen);
      if (name.endsWith("/") || !wanted(name)) continue;
      if (((entry.externalFileAttributes >>> 16) & TYPE_MASK) === LINK)
        throw refused(place, name, "is a link");
      if (!entry.canDecodeFileData())
        throw refused(place, name, "is encrypted, or uses an unsupported compression method");
      budget.take(name, entry.uncompressedSize);
      if (isBomb(entry.compressedSize, entry.uncompressedSize)) {
        throw refused(
          place,
          name,
          `unpacks to more than any image would (${entry.compressedSize} bytes to ${entry.uncompressedSize})`,
        );
      }
      yield { name, bytes: await unpacked(zip, entry, place, name) };
    }
  } finally {
    zip.close();
  }
}

function opened(source: string | Uint8Array, place: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, zip: ZipFile): void => {
      if (error === null) resolve(zip);
      else reject(refused(place, "", `is not a readable zip: ${error.message}`, error));
    };
    if (typeof source === "string") open(source, OPTIONS, done);
    else fromBuffer(Buffer.from(source.buffer, source.byteOffset, source.byteLength), OPTIONS, done);
  });
}

function nextEntry(zip: ZipFile, place: string): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      zip.removeAllListeners("entry").removeAllListeners("end").removeAllListeners("error");
      act();
    };
    zip.once("entry", (entry: Entry) => settle(() => resolve(entry)));
    zip.once("end", () => settle(() => resolve(undefined)));
    zip.once("error", (error: Error) => settle(() => reject(refused(place, "", error.message, error))));
    zip.readEntry();
  });
}

/** yauzl ends the stream with an error if the number of bytes differs from what the entry says. */
async function unpacked(zip: ZipFile, entry: Entry, place: string, name: string): Promise<Uint8Array> {
  try {
    const stream = await new Promise<Readable>((resolve, reject) =>
      zip.openReadStream(entry, (error, readable) => (error === null ? resolve(readable) : reject(error))),
    );
    return await buffer(stream);
  } catch (cause) {
    throw refused(place, name, `cannot be unpacked: ${(cause as Error).message}`, cause);
  }
}
