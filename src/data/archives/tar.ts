import { createReadStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGunzip, type Gunzip } from "node:zlib";
import { extract } from "tar-stream";
import { HoldfastError } from "../../errors/index.js";
import { fileError } from "../../files/index.js";
import { checkedName, createBudget, isBomb, refused, type ArchiveEntry, type Wanted } from "./entry.js";

/**
 * The wanted files of a tar, gzipped or not, one after the other.
 *
 * @param source a path, or the bytes of a nested tar.
 * @throws InputError naming the entry if it is a link or a device, leads out, is too large or truncated.
 */
export async function* tarEntries(
  source: string | Uint8Array,
  place: string,
  wanted: Wanted,
): AsyncGenerator<ArchiveEntry> {
  const seen = new Set<string>();
  const budget = createBudget(place);
  const input = typeof source === "string" ? createReadStream(source) : Readable.from([source]);
  const reader = extract();
  const fail = (error: Error): void => {
    reader.destroy(error);
  };
  input.on("error", fail);
  if (/gz$/i.test(place)) {
    const gunzip = input.pipe(createGunzip()).on("error", fail);
    gunzip.pipe(createCounter(place, gunzip)).on("error", fail).pipe(reader);
  } else input.pipe(reader);
  let last = "";
  try {
    for await (const entry of reader) {
      const { header } = entry;
      last = header.name;
      const name = checkedName(place, header.name, seen);
      if (header.type === "file" && wanted(name)) {
        budget.take(name, header.size ?? 0);
        yield { name, bytes: await buffer(entry) };
        continue;
      }
      if (!HARMLESS.has(header.type ?? "file")) throw refused(place, name, `is a ${header.type}, not a file`);
      entry.resume();
    }
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    const known = fileError(cause, place);
    if (known instanceof HoldfastError) throw known;
    throw refused(place, last, `cannot be read: ${(cause as Error).message}`, cause);
  } finally {
    input.destroy();
  }
}

const HARMLESS: ReadonlySet<string> = new Set([
  "file",
  "directory",
  "contiguous-file",
  "pax-header",
  "pax-global-header",
]);

/** A gzip of a few kilobytes can unpack to terabytes of nothing. */
function createCounter(place: string, gunzip: Gunzip): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      total += chunk.length;
      const read = gunzip.bytesWritten;
      if (isBomb(read, total)) {
        done(refused(place, "", `unpacks to more than images would (${read} bytes to ${total})`));
      } else done(null, chunk);
    },
  });
}
