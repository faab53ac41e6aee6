import { findClassFault, type Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import type { AnyClassifier } from "../models/index.js";

/**
 * @throws InputError if the classifier does not fit the dataset: another image shape, another number of classes, or by
 *   name other classes or another order.
 */
export function checkFit(name: string, classifier: AnyClassifier, dataset: Dataset): void {
  const shape = ({ channels, height, width }: Pick<Dataset, "channels" | "height" | "width">): string =>
    `${channels} × ${height} × ${width}`;
  if (shape(classifier) !== shape(dataset)) {
    throw new InputError({
      place: `model ${name}`,
      problem: `reads images of ${shape(classifier)} (channels × height × width), but ${dataset.name} has ${shape(dataset)}`,
      remedy:
        "Give data with the model's size and channels. Without --size and --channels, pictures are resized to fit the model.",
    });
  }
  if (classifier.classNames.length !== dataset.classNames.length) {
    throw new InputError({
      place: `model ${name}`,
      problem: `has ${classifier.classNames.length} classes, but ${dataset.name} has ${dataset.classNames.length}`,
      remedy:
        "Give data with the model's classes in its order, or map the data's classes to its outputs (--class-map; mapOntoModel).",
    });
  }
  const fault = findClassFault(classifier, dataset);
  if (fault !== undefined) throw new InputError({ place: `model ${name}`, ...fault });
}
