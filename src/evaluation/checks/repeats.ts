import { averagedTarget, crossEntropies, predictions, type Target } from "../../attacks/index.js";
import type { Dataset } from "../../data/index.js";
import { readBatch } from "../batches.js";
import type { RepeatedAnswers } from "../result/index.js";

/** Passes of the same images, as in AutoAttack's reference. */
const PASSES = 5;
/** Most images to repeat. */
const IMAGES = 64;
/** Outputs scaled to length 1 differ if they are further apart than this, as in the reference. */
export const APART = 1e-4;
/** Draws to average outputs over from then on. */
const SAMPLES = 10;
/** Half a unit in the last place of 1 in float32: a softmax nearer to 1 than this rounds to 1. */
const SATURATED = 2 ** -25;

/** Whether a model does not repeat its outputs: the counts of right predictions differ, or outputs are apart. */
export function differs({ correct, difference }: Pick<RepeatedAnswers, "correct" | "difference">): boolean {
  return correct.some((count) => count !== correct[0]) || difference > APART;
}

/**
 * Runs a model that is not marked as randomised five times on the same images (AutoAttack's check). Returns the target to
 * attack from then on: a randomised one if the outputs differ.
 */
export async function checkRepeats(
  target: Target,
  dataset: Dataset,
): Promise<{ repeats: RepeatedAnswers | undefined; target: Target }> {
  const images = Math.min(dataset.length, IMAGES);
  if (target.randomised || images === 0) return { repeats: undefined, target };
  const places = Uint32Array.from({ length: images }, (_, i) => Math.floor((i * dataset.length) / images));
  const batch = await readBatch(dataset, places, target.imageSize);
  const labels = Int32Array.from(places, (place) => dataset.labels[place]!);
  const { classCount } = target;
  const answers: Float32Array[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    answers.push(await target.logits(batch.images, { indices: batch.indices }));
  }
  const correct = answers.map(
    (logits) => predictions(logits, images, classCount).filter((found, i) => found === labels[i]).length,
  );
  const losses = crossEntropies(answers[0]!, labels, images, classCount);
  const repeats = {
    images,
    correct,
    difference: greatestDifference(answers, images, classCount),
    saturated: losses.filter((loss) => loss < SATURATED).length,
  };
  if (!differs(repeats)) return { repeats, target };
  return { repeats: { ...repeats, averagedOver: SAMPLES }, target: averagedTarget(target, SAMPLES) };
}

/** The largest Euclidean distance between two outputs for one image, each scaled to length 1. */
function greatestDifference(answers: readonly Float32Array[], images: number, classes: number): number {
  let greatest = 0;
  for (let i = 0; i < images; i++) {
    const units = answers.map((logits) => unit(logits.subarray(i * classes, (i + 1) * classes)));
    for (const [k, a] of units.entries()) {
      for (const b of units.slice(k + 1)) {
        const apart = Math.sqrt(a.reduce((sum, value, c) => sum + (value - b[c]!) ** 2, 0));
        // NaN has its own gate.
        if (apart > greatest) greatest = apart;
      }
    }
  }
  return greatest;
}

function unit(logits: Float32Array): Float64Array {
  const length = Math.sqrt(logits.reduce((sum, z) => sum + z * z, 0)) || 1;
  return Float64Array.from(logits, (z) => z / length);
}
