import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  readRunSummary,
  removeCheckpoints,
  resumeRun,
  runPaths,
  trainRun,
  type RunEvent,
} from "../training/index.js";
import { FORWARD } from "./cost.js";
import type { Kind } from "./kind.js";
import { trainingOf, type PlannedTraining } from "./plan.js";
import type { Preset } from "./presets.js";
import { RUN, type Workplace } from "./work.js";

/** Cost of an update (forward, backward to the weights), in input gradients per image. */
const UPDATE = 1.5;
/** Cost of the second derivative of the input-gradient penalties. */
const DOUBLE_BACKWARD = 4;

/** A model trained by one recipe; its result is the summary of the run. */
export const train: Kind<"train"> = Object.freeze<Kind<"train">>({
  schema: z.json(),
  run,
  cost: (preset, planned) => ({ model: planned.model, gradients: gradientsOf(preset, planned) }),
});

function gradientsOf(preset: Preset, { dataset, recipe }: PlannedTraining): number {
  const settings = { ...preset.training, ...preset.schedules[recipe.name] };
  const { epochs, validation } = settings;
  const { weights, adversary } = recipe;
  const penalised = weights.inputGradient !== undefined || weights.inputGradientBatchMean !== undefined;
  const paired = adversary !== undefined && Object.keys(weights).some((term) => term !== "adversarial");
  const update = UPDATE * (penalised ? DOUBLE_BACKWARD : paired ? 2 : 1);
  const steps = recipe.replays === undefined ? (adversary?.steps ?? 0) : 0;
  const trained = dataset.counts.train - (dataset.validationSplit === null ? validation.images : 0);
  const validated = adversary === undefined ? FORWARD : validation.steps;
  return epochs * (trained * (steps + update) + (validation.images * validated) / validation.every);
}

/** Trains a model, or resumes it from its newest checkpoint. */
async function run(work: Workplace, planned: PlannedTraining): Promise<unknown> {
  const { store, preset, threads, tool } = work;
  const { dataset, model, recipe, seed, initial, piece } = planned;
  const folder = join(await store.folder(piece), RUN);
  const hooks = {
    onEvent: (event: RunEvent): void => tell(work, event),
    ...(work.signal === undefined ? {} : { signal: work.signal }),
    ...(work.compile === undefined ? {} : { compile: work.compile }),
  };
  const { data, options, validationSplit } = dataset;
  const validationData = validationSplit === null ? null : `${data}:${validationSplit}`;
  if (existsSync(runPaths(folder).config)) {
    await resumeRun(folder, hooks, {}, { data: `${data}:train`, validationData });
  } else {
    await trainRun(
      {
        data: `${data}:train`,
        dataOptions: options,
        validationData: validationData ?? undefined,
        model,
        initial,
        settings: { ...trainingOf(preset, recipe, seed), threads },
        out: folder,
        tool,
      },
      hooks,
    );
  }
  await removeCheckpoints(runPaths(folder).checkpoints);
  return readRunSummary(folder);
}

function tell({ onProgress, onNote }: Workplace, event: RunEvent): void {
  if (event.type === "step") onProgress(event.step, event.steps, `loss ${event.loss.toFixed(3)}`);
  else if (event.type === "warning") onNote(event.message);
}
