import type { AttackInput } from "./attack.js";
import { argMax, marginOf } from "./scoring.js";

/** The best adversarial image seen so far, image by image. */
export interface Best {
  /** `[N, C, H, W]` */
  readonly images: Float32Array;
  /** Keeps each image of `candidate` that is better by its logits `[N, K]`: success first, then the greater margin. */
  offer(candidate: Float32Array, logits: Float32Array): void;
  /** Whether every image has succeeded. */
  complete(): boolean;
}

/** Starts from nothing: the first candidate offered is kept whatever its margin. */
export function createBest({ batch, target }: AttackInput): Best {
  const { batchSize, imageSize, classCount } = target;
  const images = batch.images.slice();
  const bestScore = new Float64Array(batchSize).fill(-Infinity);
  const bestSuccess = new Uint8Array(batchSize);
  return {
    images,
    offer(candidate, logits) {
      const goal = batch.targets ?? batch.labels;
      for (let i = 0; i < batchSize; i++) {
        const prediction = argMax(logits, i * classCount, classCount);
        const margin = marginOf(logits, i * classCount, classCount, goal[i]!);
        const success = Number(
          batch.targets === undefined ? prediction !== batch.labels[i] : prediction === batch.targets[i],
        );
        const score = batch.targets === undefined ? margin : -margin;
        if (success < bestSuccess[i]! || (success === bestSuccess[i]! && !(score > bestScore[i]!))) continue;
        bestSuccess[i] = success;
        bestScore[i] = score;
        images.set(candidate.subarray(i * imageSize, (i + 1) * imageSize), i * imageSize);
      }
    },
    complete: () => bestSuccess.every((success) => success === 1),
  };
}
