/** Training, validation and test sets of 17 Flowers: the owners' three splits, or random ones. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InputError, UsageError } from "../../../errors/index.js";
import { readFileCheckedSync } from "../../../files/index.js";
import { readMat5 } from "../../formats/index.js";
import { chooseSplit, deal, SPLITS, type Part, type Split } from "../../splits.js";

/** Shares of a class as in the owners' splits: of 80 images, 40 for training, 20 for validation and 20 for testing. */
const SHARES = { train: 0.5, val: 0.25, test: 0.25 } as const;
/** Their names in `datasplits.mat`, before the number of the split. */
const VARIABLES: Readonly<Record<Split, string>> = { train: "trn", val: "val", test: "tst" };

/** What is known about the dataset when it is split. */
export interface SplitSource {
  readonly folder: string;
  /** Class of every picture. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  /** Where `datasplits.mat` might be. */
  readonly matFiles: readonly string[];
  readonly seed: number;
  /** 1, 2 or 3. */
  readonly number: number;
}

/**
 * The pictures of the requested split in partition `number`: the owners' partition if `datasplits.mat` exists, otherwise
 * one drawn by the seed, stratified by class.
 *
 * @throws UsageError for an impossible split or number; InputError if `datasplits.mat` contradicts itself.
 */
export function chooseFlowers(source: SplitSource, asked: string): Omit<Part, "split"> {
  const { folder, labels, number, seed } = source;
  if (asked === "all") return { chosen: Uint32Array.from(labels.keys()), note: undefined };
  const { owners: split } = chooseSplit(asked, SPLITS, { place: folder, all: true });
  if (![1, 2, 3].includes(number)) {
    throw new UsageError({
      place: "flowersSplit",
      problem: `must be 1, 2 or 3 (17 Flowers has three splits), found ${number}`,
    });
  }
  const matFile = source.matFiles.find((path) => existsSync(path));
  if (matFile !== undefined) {
    return {
      chosen: ownersPart(matFile, split, number, labels.length),
      note: `The owners' split ${number} (${basename(matFile)}).`,
    };
  }
  // The first keeps the plain stream name, so that splits drawn by older versions do not change.
  const stream = number === 1 ? "data/17flowers-split" : `data/17flowers-split/${number}`;
  const { length } = labels;
  const counts = { train: SHARES.train * length, val: SHARES.val * length, test: SHARES.test * length };
  return {
    chosen: deal(source, counts, { seed, stream })[split],
    note:
      "Not the owners' split (datasplits.mat is missing): 40, 20 and 20 images per class, " +
      `drawn with seed ${seed}${number === 1 ? "" : `, split ${number}`}.`,
  };
}

/** One-based numbers of the pictures, as sorted places from 0. */
function ownersPart(path: string, split: Split, number: number, count: number): Uint32Array {
  const arrays = readMat5(readFileCheckedSync(path), { place: path });
  const refuse = (problem: string): InputError =>
    new InputError({ place: path, problem, remedy: "Download datasplits.mat again from its owners." });
  const numbersOf = (name: Split): number[] => {
    const array = arrays.get(`${VARIABLES[name]}${number}`);
    if (array === undefined) throw refuse(`has no variable ${VARIABLES[name]}${number}`);
    if (array.data.length === 0) throw refuse(`has no numbers in ${VARIABLES[name]}${number}`);
    return Array.from(array.data);
  };
  const numbers = SPLITS.map(numbersOf);
  const seen = new Set<number>();
  for (const each of numbers.flat()) {
    if (!Number.isInteger(each) || each < 1 || each > count) {
      throw refuse(`names image ${each}, outside 1 … ${count}`);
    }
    if (seen.has(each)) throw refuse(`names image ${each} twice in split ${number}`);
    seen.add(each);
  }
  return Uint32Array.from(numbers[SPLITS.indexOf(split)]!, (each) => each - 1).sort();
}
