/** Folders of images: a folder for each class, with or without a folder for each split above. */
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { InputError, UsageError } from "../errors/index.js";
import { fileError } from "../files/index.js";
import { createGenerator } from "../tensor/index.js";
import { createCache, DEFAULT_CACHE_BYTES } from "./cache.js";
import { createDataset } from "./create.js";
import type { Dataset, SkippedFile } from "./dataset.js";
import { decodeImage } from "./decode.js";
import { fitOf, type OpenOptions } from "./options.js";
import { sentences, stratify } from "./select.js";

/** Names that owners of datasets give to the folders of a split. */
const SPLIT_FOLDERS: Readonly<Record<"train" | "test", readonly string[]>> = {
  train: ["train", "training", "training_set"],
  test: ["test", "testing", "test_set", "val", "valid", "validation"],
};
const IMAGE = /\.(jpe?g|png|webp)$/i;
/** Of images without a split of their own. */
const TEST_SHARE = 0.2;
const USUAL_SIZE = { height: 224, width: 224, channels: 3 };

interface Listed {
  readonly classNames: readonly string[];
  readonly paths: readonly string[];
  readonly labels: Int32Array;
  readonly note: string | undefined;
}

/**
 * One split of a folder of images: `train`, `test`, or `all` where there are no split folders.
 * Classes are the folder names, sorted; files are sorted by name.
 *
 * @throws InputError when there is no image, fewer than two classes, or (with `skipUnreadable`)
 *   nothing readable; UsageError for a split that cannot be.
 */
export async function openImageFolder(folder: string, split: string, options: OpenOptions): Promise<Dataset> {
  const { classNames, paths, labels, note } = listSplit(folder, split, options.seed ?? 0);
  const fit = fitOf(options, USUAL_SIZE);
  const { channels, height, width } = fit;
  const cache = createCache(
    paths.length,
    channels * height * width,
    options.cacheBytes ?? DEFAULT_CACHE_BYTES,
  );
  const skipped = options.skipUnreadable === true ? await findUnreadable(paths, folder) : [];
  const left = new Set(skipped.map(({ file }) => join(folder, file)));
  const kept = Uint32Array.from(paths.keys()).filter((index) => !left.has(paths[index]!));
  if (kept.length === 0) throw empty(folder, "has no image that can be decoded");
  return createDataset({
    name: `${folder}:${split}`,
    split,
    classNames,
    labels: Int32Array.from(kept, (index) => labels[index]!),
    source: { kind: "files", paths, fit, cache, channels, height, width },
    ...(skipped.length > 0 ? { sourceIndices: kept, skipped } : {}),
    description: sentences(
      note,
      `Files resized to ${width} × ${height} by ${fit.interpolation}, ${fit.mode}.`,
    ),
    fileName: (index) => relative(folder, paths[index]!),
  });
}

/** Whether a folder could hold images by class. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function listSplit(folder: string, split: string, seed: number): Listed {
  const inside = folders(folder);
  const named = (which: "train" | "test"): string | undefined =>
    SPLIT_FOLDERS[which].find((name) => inside.includes(name));
  const [train, test] = [named("train"), named("test")];
  if (train === undefined && test === undefined) return dealtSplit(folder, split, seed);
  const found = split === "train" ? train : split === "test" ? test : undefined;
  if (found === undefined) {
    throw new UsageError({
      place: folder,
      problem: `has no split "${split}"`,
      remedy: `It has ${[train && "train", test && "test"].filter(Boolean).join(" and ")}.`,
    });
  }
  return { ...listClasses(join(folder, found)), note: undefined };
}

/** Without split folders every class is dealt out, 80 to 20, by the seed. */
function dealtSplit(folder: string, split: string, seed: number): Listed {
  const all = listClasses(folder);
  if (split === "all") return { ...all, note: undefined };
  if (split !== "train" && split !== "test") {
    throw new UsageError({
      place: folder,
      problem: `has no split "${split}"`,
      remedy: "Use train, test or all.",
    });
  }
  const test = Math.max(1, Math.round(TEST_SHARE * all.paths.length));
  const parts = stratify(
    all,
    [all.paths.length - test, test],
    createGenerator(seed).stream("data/folder-split"),
  );
  const chosen = parts[split === "train" ? 0 : 1]!;
  return {
    classNames: all.classNames,
    paths: chosen.map((index) => all.paths[index]!),
    labels: Int32Array.from(chosen, (index) => all.labels[index]!),
    note: `The folder has no splits of its own: ${test} of its ${all.paths.length} images, stratified by class, are the test set (seed ${seed}).`,
  };
}

function listClasses(folder: string): Omit<Listed, "note"> {
  const named = folders(folder).map((name) => [name, images(join(folder, name))] as const);
  const classes = named.filter(([, files]) => files.length > 0);
  if (classes.length === 0) throw empty(folder, "has no folder with JPEG, PNG or WebP images in it");
  if (classes.length < 2) throw empty(folder, `has images of one class only, "${classes[0]![0]}"`);
  return {
    classNames: classes.map(([name]) => name),
    paths: classes.flatMap(([name, files]) => files.map((file) => join(folder, name, file))),
    labels: Int32Array.from(classes.flatMap(([, files], label) => files.map(() => label))),
  };
}

function empty(folder: string, problem: string): InputError {
  return new InputError({
    place: folder,
    problem,
    remedy: "Put the images of each class into a folder of its own: photos/cat/1.jpg, photos/dog/1.jpg.",
  });
}

/** Sorted names; hidden ones (`.git`, macOS's `._1.jpg`) are left out. */
function entries(folder: string, wanted: (name: string, path: string) => boolean): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith(".") && wanted(name, join(folder, name)))
      .sort();
  } catch (error) {
    throw fileError(error, folder);
  }
}

const folders = (folder: string): string[] => entries(folder, (_, path) => isFolder(path));
const images = (folder: string): string[] =>
  entries(folder, (name, path) => IMAGE.test(name) && !isFolder(path));

const CONCURRENT_DECODES = 4;

async function findUnreadable(paths: readonly string[], folder: string): Promise<SkippedFile[]> {
  const skipped = new Map<number, SkippedFile>();
  let next = 0;
  const readOn = async (): Promise<void> => {
    while (next < paths.length) {
      const index = next++;
      const path = paths[index]!;
      try {
        await decodeImage(path);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        skipped.set(index, { file: relative(folder, path), problem: error.problem });
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_DECODES }, readOn));
  return [...skipped].sort(([a], [b]) => a - b).map(([, file]) => file);
}
