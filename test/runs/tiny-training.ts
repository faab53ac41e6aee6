import type { Dataset } from "../../src/data/index.js";
import type { Recipe } from "../../src/defences/index.js";
import { createClassifier, type Classifier } from "../../src/models/index.js";
import { createGenerator } from "../../src/tensor/index.js";
import { DEFAULT_TRAINING, type TrainingSettings } from "../../src/training/index.js";

const SIDE = 8;

/** Noise of 8 × 8 in two classes: a step takes a few milliseconds. */
export function noiseImages(length: number, name = "noise"): Dataset {
  const random = createGenerator(5);
  return {
    name,
    split: "train",
    length,
    channels: 1,
    height: SIDE,
    width: SIDE,
    classNames: ["even", "odd"],
    labels: Int32Array.from({ length }, (_, i) => i % 2),
    fileName: (index) => `${name}#${index}`,
    read: (index, out) => void random.stream(name, index).fillUniform(out, 0, 1),
  };
}

/** A training on them: batches of 4, a constant learning rate, no validation, no warm-up. */
export function tinyTraining(
  recipe: Recipe,
  more: Partial<TrainingSettings> = {},
): { readonly classifier: Classifier; readonly settings: TrainingSettings } {
  const settings: TrainingSettings = {
    ...DEFAULT_TRAINING,
    recipe,
    epochs: 1,
    batchSize: 4,
    schedule: { kind: "constant" },
    epsilonWarmup: 0,
    validation: { images: 0, every: 1, steps: 1 },
    seed: 3,
    threads: 1,
    ...more,
  };
  const { channels, height, width, classNames } = noiseImages(1);
  const classifier = createClassifier("resnet-mini", {
    channels,
    height,
    width,
    classNames,
    random: createGenerator(settings.seed),
    defence: recipe.model,
    form: "train",
  });
  return { classifier, settings };
}
