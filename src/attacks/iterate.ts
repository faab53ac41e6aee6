import type { Asking } from "./asking.js";

/**
 * x ← step(x, k) for k = 0, 1, …, `steps` − 1.
 *
 * @param visit receives each iterate after a step, with the number of steps so far; returning true ends the walk.
 * @returns the last iterate.
 */
export function* iterate(
  start: Float32Array,
  steps: number,
  step: (x: Float32Array, k: number) => Asking<Float32Array>,
  visit: (x: Float32Array, steps: number) => boolean | void = () => false,
): Asking<Float32Array> {
  let x = start;
  for (let k = 0; k < steps; k++) {
    x = yield* step(x, k);
    if (visit(x, k + 1) === true) break;
  }
  return x;
}
