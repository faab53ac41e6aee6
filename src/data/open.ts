import { InputError, suggestName } from "../errors/index.js";
import type { Dataset } from "./dataset.js";
import { openFlowers } from "./flowers.js";
import { flowers17Pictures, openFlowers17 } from "./flowers17.js";
import { isFolder, openImageFolder } from "./folder.js";
import { idxSplits, mnistFolder, openIdxFolder } from "./mnist.js";
import type { OpenOptions } from "./options.js";

const BUILT_IN = ["mnist", "flowers"] as const;

/**
 * Opens a dataset by the name a user gives: `mnist`, `flowers`, a folder of IDX files, of 17 Flowers, or
 * with a folder of images for each class; `:test` or another split may follow.
 *
 * @throws InputError when nothing of that name is there, or it is not what it must be.
 */
export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const [, name = spec, named] = /^(.*?)(?::(train|test|val|all))?$/.exec(spec) ?? [];
  const asked = named ?? options.split ?? "train";
  if (isFolder(name) && flowers17Pictures(name) !== undefined) return openFlowers17(name, asked, options);
  // Where owners give one held-out split, people call it either.
  const split = asked === "val" ? "test" : asked;
  if (name === "mnist") return openIdxFolder(mnistFolder(), name, split, options);
  if (name === "flowers") return openFlowers(split, options);
  if (isFolder(name)) {
    return idxSplits(name).length > 0
      ? openIdxFolder(name, name, split, options)
      : openImageFolder(name, split, options);
  }
  throw new InputError({
    place: `data "${spec}"`,
    problem: "is neither a folder nor the name of a dataset",
    remedy: `${suggestName(name, BUILT_IN)} Or name a folder, which must exist.`,
  });
}
