import { posix } from "node:path";
import { InputError } from "../../../errors/index.js";
import { normalName, sortedClasses } from "../../classes/index.js";
import { validationNumber, type GroundTruth } from "../../imagenet/index.js";
import { isHidden, READ_PICTURE } from "../../pixels/index.js";
import { MASKS } from "../../regions/index.js";
import { splitOfFolder, type Split } from "../../splits.js";

/** What the name of a picture says about it. */
interface Said {
  /** The last folder that is not a split's. */
  readonly folder: string | undefined;
  /** The word before the first dot and a number, as Kaggle names them: `cat.0.jpg`. */
  readonly word: string | undefined;
  /** The owner's split, if folders indicate it. */
  readonly split: Split | undefined;
}

/** Classes and splits of pictures. */
export interface Layout {
  readonly classNames: readonly string[];
  /** Label of each name; −1: a picture without a class, such as Kaggle's `test1/1.jpg`. */
  readonly labels: readonly number[];
  readonly splits: readonly (Split | undefined)[];
}

/** Pictures, except hidden files and macOS's `._` companions. */
export function isPicture(name: string): boolean {
  return READ_PICTURE.test(name) && !isHidden(name);
}

/**
 * Classes by folder (`train/cats/1.jpg`, `n01440764/x.JPEG`) if there are at least two, otherwise by the word at the
 * beginning of the file name (`train/cat.0.jpg`). ImageNet's validation pictures in one folder have the classes of
 * `truth`, and are held out.
 *
 * @throws InputError if neither gives two classes.
 */
export function layoutOf(names: readonly string[], place: string, truth: GroundTruth): Layout {
  const said = sayingsOf(names, truth);
  const classes = (of: (each: Said) => string | undefined): string[] =>
    sortedClasses(said.map(of).filter((name) => name !== undefined));
  const [folders, words] = [classes(({ folder }) => folder), classes(({ word }) => word)];
  const byFolder = folders.length >= 2 || words.length < 2;
  const classNames = byFolder ? folders : words;
  if (classNames.length < 2) {
    const unknown = names.find((name) => validationNumber(name) !== undefined);
    if (unknown !== undefined && truth.classOf(unknown) === undefined) truth.refuse(`${place}, ${unknown}`);
    throw new InputError({
      place,
      problem:
        classNames.length === 0
          ? "has no JPEG, PNG or WebP image with a class"
          : `has images of only one class, "${classNames[0]}"`,
      remedy: "The class is the folder's name (cats/1.jpg) or the first word of the file's name (cat.1.jpg).",
    });
  }
  return {
    classNames,
    labels: said.map(({ folder, word }) => classNames.indexOf((byFolder ? folder : word) ?? "")),
    splits: said.map(({ split }) => split),
  };
}

/** Whether a picture of this name may be of one of `classes`, by its folder, its word or the truth. */
export function maybeOf(name: string, classes: readonly string[], truth: GroundTruth): boolean {
  const { folder, word } = sayingOf(name);
  // The last folder may be a class named like a split; only the other pictures can show that.
  const last = normalName(posix.basename(posix.dirname(name)));
  return [folder, last, word, truth.classOf(name)].some(
    (each) => each !== undefined && classes.includes(each),
  );
}

function sayingsOf(names: readonly string[], truth: GroundTruth): Said[] {
  const stems = new Set(names.map(withoutEnding));
  // A mask has the name of its picture, and would be taken for another picture of its class.
  const isMask = (name: string): boolean => {
    const parts = name.split("/");
    const at = parts.indexOf(MASKS);
    return at >= 0 && stems.has(withoutEnding(parts.toSpliced(at, 1).join("/")));
  };
  const filled = filledFolders(names);
  const said = names.map((name) => (isMask(name) ? NOTHING_SAID : sayingOf(name, filled)));
  const places = [...names.keys()].filter((i) => validationNumber(names[i]!) !== undefined);
  const folders = new Set(places.map((i) => said[i]!.folder));
  const classes = new Set(places.map((i) => truth.classOf(names[i]!)));
  // They are already sorted into class folders, or are all of one class, in its folder.
  if (folders.size !== 1 || classes.size < 2) return said;
  for (const i of places) {
    const folder = truth.classOf(names[i]!) ?? truth.refuse(names[i]!);
    said[i] = { folder, word: undefined, split: said[i]!.split ?? "val" };
  }
  return said;
}

const NOTHING_SAID: Said = { folder: undefined, word: undefined, split: undefined };

function withoutEnding(name: string): string {
  return name.replace(/\.\w+$/, "");
}

/** Folders with pictures directly in them that may be classes, because no split has class folders. */
function filledFolders(names: readonly string[]): Set<string> {
  const said = names.map((name) => sayingOf(name));
  if (said.some(({ folder, split }) => folder !== undefined && split !== undefined)) return new Set();
  // The names of Kaggle's `train/cat.0.jpg` and of ImageNet's validation pictures indicate their class.
  const plain = names.filter(
    (name, i) => said[i]!.word === undefined && validationNumber(name) === undefined,
  );
  return new Set(plain.map((name) => posix.dirname(name)));
}

/** @param filled folders with pictures directly in them. A capitalised one is a class, even if named like a split: `Train/1.jpg`. */
function sayingOf(name: string, filled: ReadonlySet<string> = new Set()): Said {
  const parts = name.split("/");
  const file = parts.pop()!;
  const isClass = (part: string, i: number): boolean =>
    part !== part.toLowerCase() && filled.has(parts.slice(0, i + 1).join("/"));
  const at = parts.findLastIndex((part, i) => splitOfFolder(part) !== undefined && !isClass(part, i));
  const rest = parts.slice(at + 1).filter((part) => !/^test\d+$/i.test(part));
  return {
    folder: rest.length === 0 ? undefined : normalName(rest.at(-1)!),
    word: /^([A-Za-z][\w-]*)\.\d+\.\w+$/.exec(file)?.[1],
    split: at < 0 ? undefined : splitOfFolder(parts[at]!),
  };
}
