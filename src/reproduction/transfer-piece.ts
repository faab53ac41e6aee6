import { join } from "node:path";
import { z } from "zod";
import { datasetBatches } from "../evaluation/index.js";
import { readCrafted } from "./craft-piece.js";
import { openJournal } from "../files/index.js";
import type { PlannedRow } from "./plan.js";
import { addClean, classify, emptyPredictions, type Predictions } from "./predictions.js";
import { loadDefended, testImages, withTarget, type Workplace } from "./work.js";

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
  /** Draws that each answer is averaged over. */
  readonly samples: number;
}

/** Scores a defended model on every set of adversarial images that was made elsewhere. */
export async function runTransfer(work: Workplace, row: PlannedRow): Promise<TransferResult> {
  const { training, crafts, transfer } = row;
  const { store, preset, onProgress, signal } = work;
  const started = performance.now();
  const images = await testImages(work, training.dataset);
  const journal = await openJournal(join(await store.folder(transfer), "parts.jsonl"));
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
