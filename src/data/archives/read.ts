import { checkPlainFile } from "../../files/index.js";
import { isArchive, refused, type ArchiveEntry, type Unpacked, type Wanted } from "./entry.js";
import { tarEntries } from "./tar.js";
import { zipEntries } from "./zip.js";

/**
 * The wanted files of an archive and of its nested archives (one level), in order: `train.zip` in a
 * zip counts as a folder `train`, and a class's tar in a tar as a folder with its name.
 *
 * @throws InputError on anything hostile or damaged, naming the entry.
 */
export async function* archiveEntries(path: string, unpacked: Unpacked): AsyncGenerator<ArchiveEntry> {
  checkPlainFile(path);
  const wanted: Wanted = (name) => (isArchive(name) ? unpacked.archive(name) : unpacked.file(name));
  for await (const entry of entriesOf(path, path, wanted)) {
    if (!isArchive(entry.name)) {
      yield entry;
      continue;
    }
    const folder = entry.name.replace(/\.(zip|tar|tar\.gz|tgz)$/i, "");
    const place = `${path}, ${entry.name}`;
    for await (const inner of entriesOf(
      entry.bytes,
      place,
      (name) => isArchive(name) || unpacked.file(`${folder}/${name}`),
    )) {
      if (isArchive(inner.name))
        throw refused(place, inner.name, "is an archive nested more than one level deep");
      yield { name: `${folder}/${inner.name}`, bytes: inner.bytes };
    }
  }
}

function entriesOf(source: string | Uint8Array, place: string, wanted: Wanted): AsyncGenerator<ArchiveEntry> {
  return /\.zip$/i.test(place) ? zipEntries(source, place, wanted) : tarEntries(source, place, wanted);
}
