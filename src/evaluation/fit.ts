import { findClassFault, type Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import type { AnyClassifier } from "../models/index.js";

/**
 * @throws InputError when the classifier does not read images of the dataset's shape or classes, or has others or in
 *   another order, by their names.
 */
export function checkFit(name: string, classifier: AnyClassifier, dataset: Dataset): void {
  const shape = ({ channels, height, width }: Pick<Dataset, "channels" | "height" | "width">): string =>
    `${channels} × ${height} × ${width}`;
  if (shape(classifier) !== shape(dataset)) {
    throw new InputError({
      place: `model ${name}`,
      problem: `reads images of ${shape(classifier)} (channels × height × width), ${dataset.name} has ${shape(dataset)}`,
      remedy:
        "Give data of the model's size and channels. Pictures are resized to the model where --size and --channels are left out.",
    });
  }
  if (classifier.classNames.length !== dataset.classNames.length) {
    throw new InputError({
      place: `model ${name}`,
      problem: `knows ${classifier.classNames.length} classes, ${dataset.name} has ${dataset.classNames.length}`,
      remedy:
        "Give data with the model's classes in its order, or map theirs onto its outputs: mapOntoModel, --class-map.",
    });
  }
  const fault = findClassFault(classifier, dataset);
  if (fault !== undefined) throw new InputError({ place: `model ${name}`, ...fault });
}
