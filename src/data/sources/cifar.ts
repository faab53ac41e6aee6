/**
 * CIFAR-10 and CIFAR-100 in the owners' binary form (Krizhevsky 2009): records of one label byte (two for
 * CIFAR-100, coarse and fine) and 3072 bytes of red, green and blue planes of 32².
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";
import { archiveEntries } from "../archives/index.js";
import { createDataset, fitOf, type Dataset, type OpenOptions } from "../dataset/index.js";
import { fittedPixels } from "../pixels/index.js";
import { chooseSplit, TRAIN_AND_TEST } from "../splits.js";

interface Kind {
  readonly title: string;
  readonly files: Readonly<Record<"train" | "test", readonly string[]>>;
  /** Bytes before the pixels; the last of them is the label. */
  readonly labelBytes: number;
  readonly names: string;
  readonly classes: number;
}

const KINDS: readonly Kind[] = [
  {
    title: "CIFAR-10",
    files: { train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), test: ["test_batch.bin"] },
    labelBytes: 1,
    names: "batches.meta.txt",
    classes: 10,
  },
  {
    title: "CIFAR-100",
    files: { train: ["train.bin"], test: ["test.bin"] },
    labelBytes: 2,
    names: "fine_label_names.txt",
    classes: 100,
  },
];
const OWN = { channels: 3, height: 32, width: 32 };
const IMAGE = OWN.channels * OWN.height * OWN.width;
const ARCHIVE = /(^|[/\\])cifar-100?-binary\.tar(\.gz)?$/i;

/** Whether `path` is a folder of CIFAR's binary files, or their archive under its own name. */
export function isCifar(path: string): boolean {
  return ARCHIVE.test(path) ? existsSync(path) : kindIn(path) !== undefined;
}

function kindIn(folder: string): Kind | undefined {
  return KINDS.find(
    ({ files }) => existsSync(join(folder, files.test[0]!)) && existsSync(join(folder, files.train[0]!)),
  );
}

/**
 * One split of CIFAR-10 or CIFAR-100 (its fine labels).
 *
 * @throws InputError if a file is missing, truncated, or has a label out of range; UsageError for a missing
 *   split.
 */
export async function openCifar(path: string, asked: string, options: OpenOptions): Promise<Dataset> {
  const { owners: split } = chooseSplit(asked, TRAIN_AND_TEST, { place: path });
  const { kind, read } = await reader(path);
  const classNames = new TextDecoder()
    .decode(await read(kind.names))
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  if (classNames.length !== kind.classes) {
    throw damaged(`${path}, ${kind.names}`, `has ${classNames.length} class names, expected ${kind.classes}`);
  }
  const record = kind.labelBytes + IMAGE;
  const labels: number[] = [];
  const planes: Uint8Array[] = [];
  const fit = fitOf(options, OWN);
  for (const file of kind.files[split]) {
    const bytes = await read(file);
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw damaged(
        `${path}, ${file}`,
        `has ${bytes.length} bytes, not a multiple of the record size ${record}`,
      );
    }
    for (let at = 0; at < bytes.length; at += record) {
      const label = bytes[at + kind.labelBytes - 1]!;
      if (label >= kind.classes) {
        throw damaged(
          `${path}, ${file}`,
          `label ${label} of image ${at / record} is out of range 0 … ${kind.classes - 1}`,
        );
      }
      labels.push(label);
      planes.push(bytes.subarray(at + kind.labelBytes, at + record));
    }
  }
  return createDataset({
    name: `${path}:${split}`,
    split,
    classNames,
    labels: Int32Array.from(labels),
    source: fittedPixels(planes.length, OWN, fit, (i) => planes[i]!),
    description: `${kind.title}, the owners' binary files.`,
    fileName: (index) => `${kind.title.toLowerCase()}/${split}#${index}`,
  });
}

async function reader(path: string): Promise<{ kind: Kind; read: (file: string) => Promise<Uint8Array> }> {
  const folderKind = kindIn(path);
  if (folderKind !== undefined)
    return { kind: folderKind, read: (file) => readFileChecked(join(path, file)) };
  const kind = KINDS[/cifar-100-/i.test(path) ? 1 : 0]!;
  const wanted = new Set([...kind.files.train, ...kind.files.test, kind.names]);
  const base = (name: string): string => name.split("/").at(-1)!;
  const files = new Map<string, Uint8Array>();
  const unpacked = { file: (name: string) => wanted.has(base(name)), archive: () => false };
  for await (const { name, bytes } of archiveEntries(path, unpacked)) {
    files.set(base(name), bytes);
  }
  return {
    kind,
    read: (file) => {
      const bytes = files.get(file);
      if (bytes === undefined) throw damaged(path, `has no ${file}`);
      return Promise.resolve(bytes);
    },
  };
}

function damaged(place: string, problem: string): InputError {
  return new InputError({ place, problem, remedy: "Download the archive again from its owners." });
}
