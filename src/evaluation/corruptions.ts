/** Accuracy under corruptions. */
import { predictions } from "../attacks/index.js";
import {
  checkCorruptible,
  corrupt,
  frostTextures,
  scaleFor,
  type Corruption,
  type Severity,
} from "../data/index.js";
import { datasetBatches } from "./batches.js";
import { corruptionLabel } from "./corruption-summary.js";
import { FORWARD } from "./plan.js";
import type { CorruptionOptions, CorruptionPlan } from "./plan-corruptions.js";
import type { CorruptedMeasurement, CorruptionResults } from "./result/index.js";
import type { Run } from "./run.js";
import { scoreOf } from "./tally.js";

/** The cost of this many images, in gradients: making an image takes about as long as a forward pass. */
export function corruptionWork(plan: CorruptionPlan, models: number, images: number): number {
  return Math.ceil(plan.kinds.length * plan.severities.length * images * (models + 1) * FORWARD);
}

/** One kind at one severity. */
interface Cell {
  readonly corruption: Corruption;
  readonly severity: Severity;
}

/**
 * Measures every model on every image under every kind and severity. All models see the same corrupted images, and an image
 * is corrupted in the same way whatever its batch or shard.
 */
export async function measureCorruptions(
  run: Run,
  plan: CorruptionPlan,
  { frost, baseline }: CorruptionOptions,
): Promise<CorruptionResults> {
  const { dataset, places, targets } = run;
  const { channels, height, width } = dataset;
  const shape = { channels, height, width };
  checkCorruptible(shape);
  const cells = plan.kinds.flatMap((corruption) =>
    plan.severities.map((severity): Cell => ({ corruption, severity })),
  );
  const columns = new Map([...targets.keys()].map((model) => [model, cells.map(newColumn)]));
  const textures = plan.kinds.includes("frost") ? (frost ?? frostTextures()) : [];
  const imageSize = channels * height * width;
  let first = 0;
  for await (const { images, indices, size } of datasetBatches(dataset, run.plan.batchSize, places)) {
    // Shards of other splits may have saved predictions in the same file: the two ends and the size tell their batches apart.
    const batch = `${places[first]!}-${places[first + size - 1]!}/${size}`;
    for (const [c, cell] of cells.entries()) {
      run.signal?.throwIfAborted();
      const name = (model: string): string =>
        `${model}/corrupted/${cell.corruption}/${cell.severity}/${batch}`;
      const kept = new Map([...targets.keys()].map((model) => [model, run.kept?.answers(name(model))]));
      const started = run.now();
      let corrupted: Float32Array | undefined;
      if ([...kept.values()].some((each) => each === undefined)) {
        corrupted = new Float32Array(size * imageSize);
        for (let i = 0; i < size; i++) {
          const image = images.subarray(i * imageSize, (i + 1) * imageSize);
          const options = { ...cell, random: run.random, index: indices[i]!, textures };
          corrupted.set(await corrupt(image, shape, options), i * imageSize);
        }
      }
      // Each model's time includes its share of making the images.
      const making = (run.now() - started) / 1000 / targets.size;
      for (const [model, target] of targets) {
        const column = columns.get(model)![c]!;
        const begun = run.now();
        let answers = kept.get(model);
        if (answers === undefined) {
          const found = predictions(await target.logits(corrupted!, { indices }), size, target.classCount);
          answers = { predictions: Array.from(found), seconds: making + (run.now() - begun) / 1000 };
          await run.kept?.putAnswers(name(model), answers);
        }
        column.predictions.push(...answers.predictions);
        column.seconds += answers.seconds;
      }
      const spent = size * (targets.size + 1) * FORWARD;
      run.onWork(`${corruptionLabel(cell.corruption)}, severity ${cell.severity}`, spent);
    }
    first += size;
  }
  const label = places.map((place) => dataset.labels[place]!);
  const measurements = [...columns].flatMap(([model, each]) =>
    each.map(({ predictions: said, seconds }, c): CorruptedMeasurement => {
      const cell = cells[c]!;
      const id = `${model}/corrupted/${cell.corruption}/${cell.severity}`;
      return { ...scoreOf(id, model, said, { label }, run.plan.seed, seconds), ...cell, predictions: said };
    }),
  );
  return { scale: scaleFor(height, width), frost: plan.frost, measurements, ...(baseline && { baseline }) };
}

interface Column {
  readonly predictions: number[];
  seconds: number;
}

function newColumn(): Column {
  return { predictions: [], seconds: 0 };
}
