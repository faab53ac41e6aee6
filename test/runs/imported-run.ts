import { join } from "node:path";
import { findRecipe } from "../../src/defences/index.js";
import { DEFAULT_TRAINING, SCHEDULES, trainRun, type RunOptions } from "../../src/training/index.js";

/** Four steps of AT+ALP, of an imported model on drawn flowers, in the folder `name` of `root`. */
export function importedRun(
  root: string,
  name: string,
  model: string,
  more: Partial<RunOptions> = {},
  recipe = "at-alp",
): RunOptions {
  const { adversary, ...rest } = findRecipe(recipe);
  return {
    data: "flowers",
    dataOptions: { perClass: 2 },
    model,
    out: join(root, name),
    tool: { name: "holdfast", version: "test" },
    settings: {
      ...DEFAULT_TRAINING,
      recipe: { ...rest, adversary: adversary && { ...adversary, steps: 1 } },
      epochs: 1,
      batchSize: 8,
      learningRate: 0.01,
      schedule: SCHEDULES.constant,
      epsilonWarmup: 0,
      emaDecay: 0.9,
      validation: { images: 0, every: 1, steps: 1 },
      checkpointEvery: 1,
      seed: 0,
      threads: 1,
    },
    ...more,
  };
}

/** What a new run says before its first step. */
export async function noticesOf(options: RunOptions): Promise<string[]> {
  const notices: string[] = [];
  await trainRun(options, {
    onEvent: (event) => void (event.type === "notice" && notices.push(event.message)),
  });
  return notices;
}
