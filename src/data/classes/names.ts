/** Class names and their order, in one place for all sources and models. */
import type { Dataset } from "../dataset/index.js";

/** Normalises a name that Unicode can write in several ways: macOS returns "é" as two characters. */
export function normalName(name: string): string {
  return name.normalize("NFC");
}

const NUMBER = /^[+-]?\d+(\.\d+)?$/;

/** Unique names, in numeric order if all are numbers (0, 1, 2, … 10), otherwise by their characters. */
export function sortedClasses(names: Iterable<string>): string[] {
  const sorted = [...new Set(names)].sort();
  return sorted.every((name) => NUMBER.test(name)) ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}

/** Whether the names are just their positions: 0, 1, 2 … */
function areUnnamed(classNames: readonly string[]): boolean {
  return classNames.every((name, place) => name === String(place));
}

/** Describes how the classes of a model and of data disagree. */
export interface ClassFault {
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Why images of `dataset` would be scored against the wrong outputs of a model with the same number of classes: the shared
 * names are in another order, or the names differ. A model without names, or data named by position, give no reason.
 * If the user stated the data's order, names that only the model has count as other names for the same
 * classes.
 */
export function findClassFault(
  model: { readonly classNames: readonly string[]; readonly unnamed?: boolean | undefined },
  { name, classNames, classesStated }: Pick<Dataset, "name" | "classNames" | "classesStated">,
): ClassFault | undefined {
  if (model.unnamed === true) return undefined;
  const own = model.classNames.map(normalName);
  const theirs = classNames.map(normalName);
  const differing = [...own.keys()].filter((place) => own[place] !== theirs[place]);
  if (differing.length === 0) return undefined;
  const sameSet = new Set(own).size === own.length && own.every((each) => theirs.includes(each));
  if (sameSet) {
    return {
      problem: `lists its classes in a different order from ${name}: ${sideBySide(own, theirs, differing)}`,
      remedy: `Give the data the model's order: ${classesOption(own)}.`,
    };
  }
  if (areUnnamed(theirs)) return undefined;
  const misplaced = differing.some((place) => theirs.includes(own[place]!));
  if (classesStated === true && !misplaced) return undefined;
  return {
    problem: `has different classes from ${name}: ${sideBySide(own, theirs, differing)}`,
    remedy:
      "Use the data that the model was trained on. If the classes are the same under other names, list the data's in " +
      "the model's order: --classes with their names, or with a .txt file of one name per line.",
  };
}

/** Number of positions shown. */
const SHOWN = 4;

function sideBySide(own: readonly string[], theirs: readonly string[], places: readonly number[]): string {
  const shown = places
    .slice(0, SHOWN)
    .map((i) => `output ${i} is "${own[i]!}", class ${i} of the data "${theirs[i]!}"`);
  const more = places.length > SHOWN ? `; and ${places.length - SHOWN} more` : "";
  return `${shown.join("; ")}${more}`;
}

/** Longer lists are not printed in full. */
const WRITTEN = 20;

function classesOption(names: readonly string[]): string {
  return names.length > WRITTEN || names.some((name) => /[,\s'"$\\]/.test(name))
    ? "--classes with a .txt file of the model's names, one per line"
    : `--classes ${names.join(",")}`;
}
