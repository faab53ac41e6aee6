import { join } from "node:path";
import { z } from "zod";
import { datasetBatches } from "../evaluation/index.js";
import { readCrafted } from "./craft-piece.js";
import { openJournal } from "../files/index.js";
import { FORWARD, isRandomised, scoredImages } from "./cost.js";
import type { Kind } from "./kind.js";
import type { PlannedRow } from "./plan.js";
import {
  addClean,
  classify,
  emptyPredictions,
  INCOMPLETE,
  isWhole,
  predictionsSchema,
  type Predictions,
} from "./predictions.js";
import { loadDefended, withTarget, type Workplace } from "./work.js";

/** Predictions on the transferred images, by craft and number of iterations. */
export interface TransferResult {
  readonly clean: Predictions;
  readonly attacked: readonly {
    readonly setting: string;
    readonly epsilon: number;
    readonly iterations: number;
    readonly prediction: readonly number[];
  }[];
  readonly seconds: number;
  /** Draws averaged per output. */
  readonly samples: number;
}

const schema: z.ZodType<TransferResult> = z
  .object({
    clean: predictionsSchema,
    attacked: z.array(
      z.object({
        setting: z.string(),
        epsilon: z.number().min(0),
        iterations: z.int().min(0),
        prediction: z.array(z.int()),
      }),
    ),
    seconds: z.number().min(0),
    samples: z.int().min(1),
  })
  .refine(isWhole, INCOMPLETE);

/** Draws averaged per output of a randomised model. */
const DRAWS = 10;

/** A defended model's predictions for images made on other models. */
export const transfer: Kind<"transfer"> = Object.freeze<Kind<"transfer">>({
  schema,
  run,
  cost: (preset, { recipe, training, crafts }) => {
    const captures = crafts.reduce((sum, { iterations }) => sum + iterations.length, 0);
    const draws = isRandomised(recipe) ? DRAWS : 1;
    return {
      model: preset.model,
      gradients: scoredImages(preset, training.dataset) * FORWARD * captures * draws,
    };
  },
});

/** Scores a defended model on every set of adversarial images made on other models. */
async function run(work: Workplace, row: PlannedRow): Promise<TransferResult> {
  const { training, crafts, transfer: piece } = row;
  const { store, preset, onProgress, signal } = work;
  const started = performance.now();
  const images = await work.testImages(training.dataset);
  const journal = await openJournal(join(await store.folder(piece), "parts.jsonl"));
  const clean = emptyPredictions();
  const attacked = crafts.flatMap(({ setting, epsilon, iterations }) =>
    iterations.map((count) => ({ setting, epsilon, iterations: count, prediction: [] as number[] })),
  );
  let samples = 1;
  await withTarget(work, await loadDefended(work, row), async (target) => {
    samples = target.samples;
    let number = 0;
    for await (const batch of datasetBatches(images, preset.batchSize)) {
      signal?.throwIfAborted();
      let part = journal.get(String(number), partOf(1 + attacked.length, batch.size));
      if (part === undefined) {
        part = [await classify(target, batch, batch.images)];
        for (const craft of crafts) {
          for (const crafted of await readCrafted(store, craft, number, batch))
            part.push(await classify(target, batch, crafted));
        }
        await journal.put(String(number), part);
      }
      addClean(clean, batch, part[0]!);
      attacked.forEach(({ prediction }, i) => prediction.push(...part[i + 1]!));
      number++;
      onProgress(clean.index.length, images.length, `${clean.index.length} images`);
    }
  });
  return { clean, attacked, seconds: (performance.now() - started) / 1000, samples };
}

/** Predictions of one batch: clean, then on each set of adversarial images. */
function partOf(sets: number, images: number): z.ZodType<number[][]> {
  return z.array(z.array(z.int()).length(images)).length(sets);
}
