import { predictions } from "../attacks/index.js";
import { placesOf } from "../data/index.js";
import { datasetBatches } from "./batches.js";
import { cleanMeasurement } from "./measurement.js";
import type { CleanMeasurement } from "./result/index.js";
import type { Run } from "./run.js";

/** Accuracy on the clean images. Runs the whole dataset, because examples are chosen from all of it. */
export async function measureClean(run: Run, model: string): Promise<CleanMeasurement> {
  const { dataset, places } = run;
  const target = run.targets.get(model)!;
  const started = run.now();
  const found: number[] = [];
  for await (const { images, indices, size } of datasetBatches(dataset, target.batchSize)) {
    run.signal?.throwIfAborted();
    found.push(...predictions(await target.logits(images, { indices }), size, target.classCount));
  }
  run.clean.set(model, found);
  const perImage = {
    index: Array.from(placesOf(dataset, Uint32Array.from(places))),
    label: places.map((place) => dataset.labels[place]!),
    cleanPrediction: places.map((place) => found[place]!),
  };
  return cleanMeasurement(model, perImage, run.plan.seed, (run.now() - started) / 1000);
}
