import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  readRunSummary,
  removeCheckpoints,
  resumeRun,
  runPaths,
  trainRun,
  type RunEvent,
} from "../training/index.js";
import { trainingOf, type PlannedTraining } from "./plan.js";
import { RUN, type Workplace } from "./work.js";

/** Trains a model, or goes on with it from its newest checkpoint. */
export async function runTraining(work: Workplace, planned: PlannedTraining): Promise<unknown> {
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
