import { predictions, type AttackBatch, type Target } from "../attacks/index.js";
import type { Batch } from "../data/index.js";

/** Predictions of one model on all the test images, as they stand or attacked. */
export interface Predictions {
  readonly prediction: readonly number[];
  /** Places of the images in their dataset. */
  readonly index: readonly number[];
  readonly label: readonly number[];
}

/** Classes that the target names for images of a batch, clean or not. */
export async function classify(target: Target, batch: AttackBatch, images: Float32Array): Promise<number[]> {
  return Array.from(predictions(await logitsOf(target, batch, images), batch.size, target.classCount));
}

/** The target's logits `[n, K]` of images of a batch, clean or not. */
export async function logitsOf(
  target: Target,
  batch: AttackBatch,
  images: Float32Array,
): Promise<Float32Array> {
  return target.logits(images, batch);
}

export function emptyPredictions(): { prediction: number[]; index: number[]; label: number[] } {
  return { prediction: [], index: [], label: [] };
}

export function addClean(
  to: { prediction: number[]; index: number[]; label: number[] },
  { indices, labels }: Batch,
  prediction: readonly number[],
): void {
  to.index.push(...indices);
  to.label.push(...labels);
  to.prediction.push(...prediction);
}
