import { z } from "zod";
import { predictions, type AttackBatch, type Target } from "../attacks/index.js";
import type { Batch } from "../data/index.js";

/** Predictions of one model on all test images, clean or attacked. */
export interface Predictions {
  readonly prediction: readonly number[];
  /** Places of the images in their dataset. */
  readonly index: readonly number[];
  readonly label: readonly number[];
}

const place = z.int().min(0);

export const predictionsSchema: z.ZodType<Predictions> = z
  .object({ prediction: z.array(z.int()), index: z.array(place), label: z.array(place).min(1) })
  .refine(
    ({ prediction, index, label }) => prediction.length === label.length && index.length === label.length,
    { message: "not as many predictions as images" },
  );

/** Whether every attack has a prediction for every image. */
export function isWhole({
  clean,
  attacked,
}: {
  readonly clean: Predictions;
  readonly attacked: readonly { readonly prediction: readonly number[] }[];
}): boolean {
  return attacked.every(({ prediction }) => prediction.length === clean.label.length);
}
/** The message if {@link isWhole} is false. */
export const INCOMPLETE = { path: ["attacked"], message: "not one prediction for every image" };

/** The target's predictions for the images of a batch, clean or not. */
export async function classify(target: Target, batch: AttackBatch, images: Float32Array): Promise<number[]> {
  return Array.from(predictions(await logitsOf(target, batch, images), batch.size, target.classCount));
}

/** The target's logits `[n, K]` for the images of a batch, clean or not. */
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
