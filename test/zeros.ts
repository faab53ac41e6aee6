import type { RandomGenerator, RandomStream } from "../src/tensor/index.js";

const stream: RandomStream = {
  uint32: () => 0,
  uniform: () => 0,
  integer: () => 0,
  normal: () => 0,
  permutation: (length) => Uint32Array.from({ length }, (_, i) => i),
  fillUniform: (out) => out.fill(0),
  fillNormal: (out) => out.fill(0),
};

/** Draws zeros, at once: for large networks whose weights do not matter or are set afterwards. */
export const ZEROS: RandomGenerator = { seed: 0, stream: () => stream };
