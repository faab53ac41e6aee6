/**
 * Decides which images of a source are for training, for validation and for testing.
 *
 * 1. The owner of a source may give up to three splits, `train`, `val` and `test`: by folders ({@link splitOfFolder}), by
 *    a column of a table, by files of their own.
 * 2. The only held-out split is the test set, whatever its owner calls it: weights must not be chosen by it. `val` is a
 *    separate split only if there is a test set too. Otherwise `val` means the test set, and the dataset names the
 *    split `test`. See {@link chooseSplit}.
 * 3. A source without splits is divided at random by the seed, every class in proportion: a fifth of its images (at
 *    least one) is the test set, the rest the training set. With `whole`, and if no split is named, it is used whole
 *    instead. See {@link dealPart}. (17 Flowers without its list of splits is divided as by its owners: 40, 20 and 20
 *    per class.)
 * 4. A source with only a training set has no test set: asking for one is an error. The exception is an archive: a test
 *    set is split off its training set, because Kaggle publishes labelled pictures only under `train/`; `whole` does
 *    not undo that.
 * 5. `all` is every image of a source in one piece (a folder without split folders, a table, an archive, 17 Flowers),
 *    even if its owner held some out.
 * 6. Asking for a missing split is a UsageError that names the existing ones.
 *
 * If the source has no validation set, `splitOff` takes one from the training set.
 */
import { UsageError } from "../errors/index.js";
import { createGenerator } from "../tensor/index.js";
import { sentences, stratify, type Dataset, type OpenOptions } from "./dataset/index.js";
import { validationNumber } from "./imagenet/index.js";

/** A split given by the owner of a source. */
export type Split = "train" | "val" | "test";

/** Names of the folders of each split, the usual one first. */
const SPLIT_FOLDERS: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training", "training_set"],
  val: ["val", "valid", "validation", "validation_set"],
  test: ["test", "testing", "test_set"],
};

export const SPLITS: readonly Split[] = ["train", "val", "test"];

/** What may follow the name of a source. */
export const SPLIT_NAMES: readonly string[] = [...SPLITS, "all"];

/** Splits of a source without a validation set. */
export const TRAIN_AND_TEST = ["train", "test"] as const;

/** The split whose folder is called `name`; case is ignored. */
export function splitOfFolder(name: string): Split | undefined {
  const wanted = name.toLowerCase();
  return SPLITS.find((split) => SPLIT_FOLDERS[split].includes(wanted));
}

/**
 * The folder of each split among `folders`. A name with capitals counts only if it contains class folders or
 * ImageNet's pictures: `Train/1.jpg` beside `Bus/1.jpg` is a class.
 *
 * @param picturesIn names of the pictures directly in a folder.
 */
export function splitFolders(
  folders: readonly string[],
  picturesIn: (folder: string) => readonly string[],
): Partial<Record<Split, string>> {
  const isSplit = (folder: string): boolean =>
    folder === folder.toLowerCase() ||
    picturesIn(folder).every((file) => validationNumber(file) !== undefined);
  const owners = folders.filter((folder) => splitOfFolder(folder) !== undefined && isSplit(folder));
  const found = SPLITS.map((split) => {
    const inOrder = SPLIT_FOLDERS[split].flatMap((name) => [
      name,
      ...owners.filter((folder) => folder.toLowerCase() === name),
    ]);
    return [split, inOrder.find((folder) => owners.includes(folder))] as const;
  });
  return Object.fromEntries(found.filter(([, folder]) => folder !== undefined));
}

/** The name of an owner's split in datasets and results, by rule 2. */
export function nameOfSplit(owners: Split, given: readonly (Split | undefined)[]): Split {
  return owners === "val" && !given.includes("test") ? "test" : owners;
}

/** The split found for a requested one. */
export interface FoundSplit<S extends Split = Split> {
  /** Its name in the dataset. */
  readonly split: Split;
  /** Its owner's name for it. */
  readonly owners: S;
}

/** Where splits are looked for, for error messages. */
export interface SplitPlace {
  readonly place: string;
  /** What is missing; "split" by default. */
  readonly what?: string;
  /** A sentence about what exists instead. */
  readonly about?: string;
  /** Whether `all` may be requested. */
  readonly all?: boolean;
}

/**
 * The owner's split that `asked` means, by rule 2.
 *
 * @throws UsageError if there is none; `all` is not one either.
 */
export function chooseSplit<S extends Split>(
  asked: string,
  given: readonly S[],
  { place, what = "split", about, all = false }: SplitPlace,
): FoundSplit<S> {
  const names = given.map((owners) => nameOfSplit(owners, given));
  const wanted = asked === "val" && !names.includes("val") ? "test" : asked;
  const at = names.findIndex((name) => name === wanted);
  if (at >= 0) return { split: names[at]!, owners: given[at]! };
  const has = all ? [...names, "all"] : names;
  throw new UsageError({
    place,
    problem: `has no ${what} "${asked}"`,
    remedy: sentences(about, `It has ${[...has.slice(0, -2), has.slice(-2).join(" and ")].join(", ")}.`),
  });
}

/** Images of one split. */
export interface Part {
  /** Their places, sorted. */
  readonly chosen: Uint32Array;
  /** How they were chosen, if readers of a result should know. */
  readonly note: string | undefined;
  /** Its name in the dataset. */
  readonly split: Split | "all";
}

type Labelled = Pick<Dataset, "labels" | "classNames">;

/** A source that may have no splits: its name and that of its images in notes, and the random stream that divides them. */
export interface Divided {
  readonly place: string;
  /** "The folder has no splits of its own". */
  readonly lack: string;
  readonly images: "images" | "pictures";
  readonly stream: string;
}

/**
 * The images of the requested split, by rules 2 to 5, of a source in one piece. Either every image has an owner's split,
 * or none has.
 *
 * @throws UsageError for a missing split.
 */
export function choosePart(
  images: Labelled & { readonly splits: readonly (Split | undefined)[] },
  asked: string,
  source: Divided & Pick<SplitPlace, "what"> & { readonly dealsTraining?: boolean },
  options: OpenOptions,
): Part {
  const given = SPLITS.filter((split) => images.splits.includes(split));
  if (given.length === 0) return dealPart(images, asked, source, options);
  if (asked === "all") return everything(images);
  if (source.dealsTraining === true && given.every((split) => split === "train")) {
    return dealPart(images, asked, source, { ...options, whole: false });
  }
  const { split, owners } = chooseSplit(asked, given, { ...source, all: true });
  const chosen = Uint32Array.from(images.splits.keys()).filter((place) => images.splits[place] === owners);
  return { chosen, note: undefined, split };
}

/** The test set's share of images without splits. */
const TEST_SHARE = 0.2;

/**
 * A split of images without splits, divided by the seed, or with `whole` all of them, by rule 3.
 *
 * @throws UsageError for a split other than train, test, val and all.
 */
export function dealPart(
  images: Labelled,
  asked: string,
  { place, lack, images: kind, stream }: Divided,
  { seed = 0, whole, skipUnreadable, onUndivided }: OpenOptions,
): Part {
  if (asked === "all") return everything(images);
  const { owners: split } = chooseSplit(asked, TRAIN_AND_TEST, { place, all: true });
  const { length } = images.labels;
  // They are known only after reading.
  const but = skipUnreadable === true ? ", except those that cannot be decoded" : "";
  const test = Math.max(1, Math.round(TEST_SHARE * length));
  const part: Part =
    whole === true
      ? { ...everything(images), note: `${lack}: all of its ${length} ${kind} are used${but}.` }
      : {
          chosen: deal(images, { train: length - test, test }, { seed, stream })[split],
          note: `${lack}: ${test} of its ${length} ${kind}, stratified by class, are the test set (seed ${seed})${but}.`,
          split,
        };
  onUndivided?.(place, part.note!);
  return part;
}

/** Sorted places of the images of each split: exactly these numbers of images, with every class in proportion. */
export function deal<S extends Split>(
  images: Labelled,
  counts: Readonly<Record<S, number>>,
  { seed, stream }: { readonly seed: number; readonly stream: string },
): Readonly<Record<S, Uint32Array>> {
  const splits = Object.keys(counts) as S[];
  const sizes = splits.map((split) => counts[split]);
  const parts = stratify(images, sizes, createGenerator(seed).stream(stream));
  const named = splits.map((split, i) => [split, Uint32Array.from(parts[i]!)]);
  return Object.fromEntries(named) as Record<S, Uint32Array>;
}

function everything({ labels }: Labelled): Part {
  return { chosen: Uint32Array.from(labels.keys()), note: undefined, split: "all" };
}
