import { RECIPES } from "../../src/defences/index.js";
import { DEFAULT_TRAINING, type RunOptions } from "../../src/training/index.js";

/** A training of 18 steps in about a second: AT+ALP with averages, on 400 images of MNIST. */
export function tinyRun(out: string): RunOptions {
  const recipe = RECIPES["at-alp"]!;
  return {
    data: "mnist",
    limit: 400,
    model: "resnet-mini",
    out,
    tool: { name: "holdfast", version: "0.0.0" },
    settings: {
      ...DEFAULT_TRAINING,
      recipe: { ...recipe, adversary: { ...recipe.adversary!, epsilon: 0.3, steps: 2 } },
      epochs: 2,
      batchSize: 32,
      emaDecay: 0.9,
      validation: { images: 100, every: 1, steps: 2 },
      checkpointEvery: 4,
      logEvery: 1,
      seed: 7,
      threads: 1,
    },
  };
}

/** Two steps without an adversary, a checkpoint after each: for tests of what lies in the folder. */
export function cheapRun(out: string): RunOptions {
  const { settings, ...rest } = tinyRun(out);
  return {
    ...rest,
    limit: 64,
    settings: {
      ...settings,
      recipe: RECIPES["undefended"]!,
      epochs: 1,
      emaDecay: 0,
      validation: { images: 0, every: 1, steps: 1 },
      checkpointEvery: 1,
    },
  };
}
