/** Which pictures of 17 Flowers train, validate and test: the owners' three splits, or dealt ones. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InputError, UsageError } from "../../../errors/index.js";
import { readFileCheckedSync } from "../../../files/index.js";
import { createGenerator } from "../../../tensor/index.js";
import { stratify } from "../../dataset/index.js";
import { readMat5 } from "../../formats/index.js";

/** Of each class: 40 to train, 20 to validate, 20 to test, as in the owners' splits. */
const SHARES = { train: 0.5, val: 0.25, test: 0.25 } as const;
/** What the owners call them in `datasplits.mat`, before the number of the split. */
const VARIABLES = { train: "trn", val: "val", test: "tst" } as const;

type Part = keyof typeof SHARES;
const PARTS = Object.keys(SHARES) as Part[];

/** What is known of the dataset when it is split. */
export interface SplitSource {
  readonly folder: string;
  /** Class of every picture. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  /** Where `datasplits.mat` might lie. */
  readonly matFiles: readonly string[];
  readonly seed: number;
  /** 1, 2 or 3. */
  readonly number: number;
}

/** Places of the pictures of one part, sorted, and where the split is from. */
export interface ChosenPart {
  readonly chosen: Uint32Array;
  readonly note: string | undefined;
}

/**
 * One part of split `number`: the owners' where `datasplits.mat` is there, else stratified by class and dealt
 * by the seed.
 *
 * @throws UsageError for a part or number that cannot be; InputError when `datasplits.mat` contradicts itself.
 */
export function choosePart(source: SplitSource, part: string): ChosenPart {
  const { folder, labels, number, seed } = source;
  if (part === "all") return { chosen: Uint32Array.from(labels.keys()), note: undefined };
  if (!PARTS.includes(part as Part)) {
    throw new UsageError({
      place: folder,
      problem: `has no split "${part}"`,
      remedy: "17 Flowers has train, val, test and all.",
    });
  }
  if (![1, 2, 3].includes(number)) {
    throw new UsageError({
      place: "flowersSplit",
      problem: `must be 1, 2 or 3 (17 Flowers has three splits), found ${number}`,
    });
  }
  const matFile = source.matFiles.find((path) => existsSync(path));
  if (matFile !== undefined) {
    return {
      chosen: ownersPart(matFile, part as Part, number, labels.length),
      note: `The owners' split ${number} (${basename(matFile)}).`,
    };
  }
  // The first keeps the stream's plain name, so that a split that was dealt once stays as it is.
  const stream = number === 1 ? "data/17flowers-split" : `data/17flowers-split/${number}`;
  const counts = PARTS.map((name) => labels.length * SHARES[name]);
  const parts = stratify(source, counts, createGenerator(seed).stream(stream));
  return {
    chosen: Uint32Array.from(parts[PARTS.indexOf(part as Part)]!),
    note:
      "Not the owners' split (datasplits.mat is not there): 40, 20 and 20 images a class, " +
      `dealt by seed ${seed}${number === 1 ? "" : `, split ${number}`}.`,
  };
}

/** One-based numbers of the pictures, as sorted places from 0. */
function ownersPart(path: string, part: Part, number: number, count: number): Uint32Array {
  const arrays = readMat5(readFileCheckedSync(path), { place: path });
  const refuse = (problem: string): InputError =>
    new InputError({ place: path, problem, remedy: "Download datasplits.mat again from its owners." });
  const numbersOf = (name: Part): number[] => {
    const array = arrays.get(`${VARIABLES[name]}${number}`);
    if (array === undefined) throw refuse(`has no variable ${VARIABLES[name]}${number}`);
    if (array.data.length === 0) throw refuse(`has no number in ${VARIABLES[name]}${number}`);
    return Array.from(array.data);
  };
  const numbers = PARTS.map(numbersOf);
  const seen = new Set<number>();
  for (const each of numbers.flat()) {
    if (!Number.isInteger(each) || each < 1 || each > count) {
      throw refuse(`names picture ${each}, outside 1 … ${count}`);
    }
    if (seen.has(each)) throw refuse(`names picture ${each} in two parts of split ${number}, or twice`);
    seen.add(each);
  }
  return Uint32Array.from(numbers[PARTS.indexOf(part)]!, (each) => each - 1).sort();
}
