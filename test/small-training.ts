import type { Recipe } from "../src/defences/index.js";
import { createClassifier, type Classifier } from "../src/models/index.js";
import { createGenerator } from "../src/tensor/index.js";
import { resolveSettings, type TrainingSettings } from "../src/training/index.js";

/** One epoch with a recipe, in batches of eight, on one thread and without validation. */
export function smallSettings(recipe: Recipe, more: Partial<TrainingSettings> = {}): TrainingSettings {
  const settings = resolveSettings({ batchSize: 8, seed: 1 }, { recipe, threads: 1 });
  return { ...settings, epochs: 1, validation: { images: 0, every: 1, steps: 1 }, ...more };
}

/** The smallest built-in network, with BatchNormalization, for gray images of that side. */
export function smallResnet(
  side: number,
  { classNames = ["a", "b"], ...more }: Partial<Parameters<typeof createClassifier>[1]> = {},
): Classifier {
  return createClassifier("resnet-mini", {
    channels: 1,
    height: side,
    width: side,
    classNames,
    random: createGenerator(0),
    ...more,
  });
}
