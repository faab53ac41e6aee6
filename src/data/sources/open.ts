import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, nearestName, suggestName, UsageError } from "../../errors/index.js";
import { normalName, onlyClasses } from "../classes/index.js";
import type { Dataset, OpenOptions } from "../dataset/index.js";
import { SPLIT_NAMES, splitOfFolder } from "../splits.js";
import { isArchived, openArchive } from "./archive/open.js";
import { isCifar, openCifar } from "./cifar.js";
import { openCsv } from "./csv.js";
import { openFlowers } from "./flowers/flowers.js";
import { flowers17Pictures, openFlowers17 } from "./flowers17/flowers17.js";
import { isFolder } from "./folder-names.js";
import { openImageFolder } from "./folder.js";
import { isIdxFolder, mnistFolder, openIdxFolder } from "./mnist.js";

const BUILT_IN = ["mnist", "flowers"] as const;

/**
 * Opens a dataset by name: `mnist`, `flowers`, a folder of IDX files or of 17 Flowers, a folder with one folder
 * of images per class, a zip or tar of such a folder, CIFAR's binary files or their archive, or a CSV table of
 * images. A split may follow, as in `:test`.
 *
 * @throws InputError if it does not exist or its content is not what it should be; UsageError for a missing split or
 *   class.
 * @example
 * ```ts
 * import { openDataset } from "holdfast";
 *
 * const photos = await openDataset("photos:test", { size: { height: 224, width: 224 } });
 * const image = new Float32Array(photos.channels * photos.height * photos.width);
 * await photos.read(0, image);
 * console.log(photos.fileName(0), photos.classNames[photos.labels[0]!]);
 * ```
 */
export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const classes = options.classes?.map(normalName);
  // Some sources have already left out other classes unread; for the rest it is done here.
  const dataset = onlyClasses(await openWhole(spec, { ...options, classes }), classes);
  if (dataset.skipped !== undefined) options.onSkipped?.(dataset);
  return dataset;
}

async function openWhole(spec: string, options: OpenOptions): Promise<Dataset> {
  const { name, split: named } = specParts(spec);
  return openSplit(spec, name, named ?? options.split ?? "train", {
    ...options,
    // A source without splits is divided if the user names a split.
    whole: named === undefined && options.whole === true,
  });
}

async function openSplit(spec: string, name: string, split: string, options: OpenOptions): Promise<Dataset> {
  if (name === "mnist") return openIdxFolder(mnistFolder(), name, split, options);
  if (name === "flowers") return openFlowers(split, options);
  if (isCifar(name)) return openCifar(name, split, options);
  if (/\.csv$/i.test(name) && existsSync(name)) return openCsv(name, split, options);
  if (isArchived(name) && existsSync(name)) return openArchive(name, split, options);
  if (isFolder(name)) {
    if (flowers17Pictures(name) !== undefined) return openFlowers17(name, split, options);
    return isIdxFolder(name)
      ? openIdxFolder(name, name, split, options)
      : openImageFolder(name, split, options);
  }
  refuseUnknownSplit(spec);
  if (existsSync(name)) {
    throw new InputError({
      place: `data "${spec}"`,
      problem: "is not an archive or table of images",
      remedy: "Name a folder of images, a zip or tar of one, or a .csv table.",
    });
  }
  throw new InputError({
    place: `data "${spec}"`,
    problem: "is neither an existing path nor a known dataset",
    remedy: `${suggestName(name, BUILT_IN)} Or name an existing folder, archive or table.`,
  });
}

/** @throws UsageError for `photos:holdout`, where there are photos. */
function refuseUnknownSplit(spec: string): void {
  const [, name = "", split = ""] = /^(.+):([^:/\\]*)$/.exec(spec) ?? [];
  if (!(BUILT_IN as readonly string[]).includes(name) && !existsSync(name)) return;
  const meant = splitOfFolder(split) ?? nearestName(split, SPLIT_NAMES);
  const folder = join(name, split);
  throw new UsageError({
    place: `data "${spec}"`,
    problem: `"${split}" is not a split`,
    remedy:
      split !== "" && isFolder(folder)
        ? `For the folder of that name: ${folder}. Splits are ${SPLIT_NAMES.join(", ")}.`
        : `${meant === undefined ? "" : `Did you mean ${name}:${meant}? `}Splits are ${SPLIT_NAMES.join(", ")}; name a folder by its path.`,
  });
}

const WITH_SPLIT = new RegExp(`^(.*?)(?::(${SPLIT_NAMES.join("|")}))?$`);

/** A dataset's name, and the split that follows it, if any. */
export function specParts(spec: string): { readonly name: string; readonly split?: string | undefined } {
  const [, name = spec, split] = WITH_SPLIT.exec(spec) ?? [];
  return { name, split };
}
