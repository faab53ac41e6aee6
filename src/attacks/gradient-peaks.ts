import type { Tensor } from "../tensor/index.js";

/** The least normal float32: a gradient below it has lost its digits. */
const SMALLEST_NORMAL = 2 ** -126;

/** Counts, image by image, the gradients that say nothing. */
export interface Peaks {
  begin(): void;
  /** Takes in the greatest |gradient| of each image, `[N]`, where a program tells it. */
  observe(peaks: Tensor | undefined): void;
  /** `[N]`, since `begin`: 1 where at least half of the gradients were zero or denormal. */
  zero(): Uint8Array;
}

export function createPeaks(batchSize: number): Peaks {
  let evaluations = 0;
  const counts = new Uint32Array(batchSize);
  return {
    begin() {
      evaluations = 0;
      counts.fill(0);
    },
    observe(peaks) {
      if (peaks === undefined) return;
      evaluations++;
      (peaks.data as Float32Array).forEach((peak, i) => {
        if (peak < SMALLEST_NORMAL) counts[i]!++;
      });
    },
    zero: () => Uint8Array.from(counts, (count) => Number(evaluations > 0 && 2 * count >= evaluations)),
  };
}
