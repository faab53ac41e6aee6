/** Only some classes of a source, whatever the source is. */
import { suggestName, UsageError } from "../errors/index.js";
import type { Dataset } from "./dataset.js";
import { subset } from "./select.js";

/** Images of the classes that were asked for. */
export interface ChosenClasses {
  readonly classNames: readonly string[];
  /** Their places among all images, in order. */
  readonly kept: readonly number[];
  /** New label of each of them. */
  readonly labels: Int32Array;
}

/**
 * The images of `classes`, relabelled in the sorted order of these; images of a label below 0 have no class.
 *
 * @throws UsageError for a class that is not there, and for fewer than two.
 */
export function chooseClasses(
  place: string,
  { classNames, labels }: Pick<Dataset, "classNames" | "labels">,
  classes: readonly string[],
): ChosenClasses {
  const missing = classes.find((name) => !classNames.includes(name));
  const chosen = [...new Set(classes)].sort();
  if (missing !== undefined || chosen.length < 2) {
    throw new UsageError({
      place,
      problem: missing === undefined ? "one class cannot be told from nothing" : `has no class "${missing}"`,
      remedy: missing === undefined ? "Ask for two or more." : suggestName(missing, classNames),
    });
  }
  const labelOf = classNames.map((name) => chosen.indexOf(name));
  const kept = [...labels.keys()].filter((i) => (labelOf[labels[i]!] ?? -1) >= 0);
  return { classNames: chosen, kept, labels: Int32Array.from(kept, (i) => labelOf[labels[i]!]!) };
}

/**
 * `dataset` with only the images of `classes`; as it is when those are all it has.
 *
 * @throws UsageError as {@link chooseClasses}.
 */
export function onlyClasses(dataset: Dataset, classes: readonly string[] | undefined): Dataset {
  if (classes === undefined) return dataset;
  const { classNames, kept, labels } = chooseClasses(dataset.name, dataset, classes);
  if (classNames.length === dataset.classNames.length) return dataset;
  return Object.freeze({ ...subset(dataset, kept), classNames: Object.freeze(classNames), labels });
}
