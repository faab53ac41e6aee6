import { createClassifier, type Classifier } from "../src/models/index.js";
import { createGenerator } from "../src/tensor/index.js";

/** An architecture of ours as it is used for colour pictures of a thousand classes, with random weights. */
export function fullSized(name: string, side: number): Classifier {
  return createClassifier(name, {
    channels: 3,
    height: side,
    width: side,
    classNames: Array.from({ length: 1000 }, (_, k) => `class ${k}`),
    random: createGenerator(1),
  });
}
