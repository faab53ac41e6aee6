/** Only some classes of a source, and in which order, whatever the source is. */
import { suggestName, UsageError } from "../../errors/index.js";
import { subset, type Dataset } from "../dataset/index.js";

/** Images of the classes that were asked for. */
export interface ChosenClasses {
  readonly classNames: readonly string[];
  /** Their places among all images, in order. */
  readonly kept: readonly number[];
  /** New label of each of them. */
  readonly labels: Int32Array;
}

/**
 * The images of `classes`, relabelled in the order of these; images of a label below 0 have no class.
 *
 * @throws UsageError for a class that is not there or is named twice, and for fewer than two.
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
  // The order of the images is the source's, and so is what random draws go by.
  const images = kept.length === dataset.length ? dataset : subset(dataset, kept);
  return Object.freeze({ ...images, ...named });
}
