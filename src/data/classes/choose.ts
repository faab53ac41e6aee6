/** Selects classes and their order, for any source. */
import { suggestName, UsageError } from "../../errors/index.js";
import { subset, type Dataset } from "../dataset/index.js";

/** Images of the requested classes. */
export interface ChosenClasses {
  readonly classNames: readonly string[];
  /** Their places among all images, in order. */
  readonly kept: readonly number[];
  /** New label of each of them. */
  readonly labels: Int32Array;
}

/**
 * The images of `classes`, relabelled in that order; images with a label below 0 have no class.
 *
 * @throws UsageError if a class is missing or named twice, or if there are fewer than two.
 */
export function chooseClasses(
  place: string,
  { classNames, labels }: Pick<Dataset, "classNames" | "labels">,
  classes: readonly string[],
): ChosenClasses {
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError({
      place,
      problem: `class "${twice}" is named twice`,
      remedy: "Name every class once.",
    });
  }
  const missing = classes.find((name) => !classNames.includes(name));
  if (missing !== undefined || classes.length < 2) {
    throw new UsageError({
      place,
      problem:
        missing === undefined ? "a single class leaves nothing to tell apart" : `has no class "${missing}"`,
      remedy: missing === undefined ? "Name two or more." : suggestName(missing, classNames),
    });
  }
  const labelOf = classNames.map((name) => classes.indexOf(name));
  const kept = [...labels.keys()].filter((i) => (labelOf[labels[i]!] ?? -1) >= 0);
  return { classNames: [...classes], kept, labels: Int32Array.from(kept, (i) => labelOf[labels[i]!]!) };
}

/**
 * `dataset` with only the images of `classes`, in their order.
 *
 * @throws UsageError as {@link chooseClasses}.
 */
export function onlyClasses(dataset: Dataset, classes: readonly string[] | undefined): Dataset {
  if (classes === undefined) return dataset;
  const { classNames, kept, labels } = chooseClasses(dataset.name, dataset, classes);
  const named = { classNames: Object.freeze(classNames), labels, classesStated: true };
  // Images keep the source's order, which random draws depend on.
  const images = kept.length === dataset.length ? dataset : subset(dataset, kept);
  return Object.freeze({ ...images, ...named });
}
