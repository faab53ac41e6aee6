import type { RandomStream } from "../../tensor/index.js";

/** A random number in ±wibble², added to the mean of four corners. */
const START = 100;

/**
 * A cloudy height map `[side, side]` from 0 to 1, by the diamond-square algorithm on a torus: each new point is the mean of four
 * older ones plus w · U(−w, w), where w is divided by `decay` whenever the grid becomes twice as fine.
 *
 * @param side a power of two.
 */
export function plasma(side: number, decay: number, random: RandomStream): Float64Array {
  const map = new Float64Array(side * side);
  let wibble = START;
  const at = (y: number, x: number): number => map[(y & (side - 1)) * side + (x & (side - 1))]!;
  const near = (sum: number): number => sum / 4 + wibble * (-wibble + 2 * wibble * random.uniform());
  for (let step = side; step >= 2; step /= 2) {
    const half = step / 2;
    for (let y = 0; y < side; y += step)
      for (let x = 0; x < side; x += step)
        map[(y + half) * side + x + half] = near(
          at(y, x) + at(y + step, x) + at(y, x + step) + at(y + step, x + step),
        );
    for (let y = 0; y < side; y += step)
      for (let x = 0; x < side; x += step)
        map[y * side + x + half] = near(
          at(y + half, x + half) + at(y - half, x + half) + at(y, x) + at(y, x + step),
        );
    for (let y = 0; y < side; y += step)
      for (let x = 0; x < side; x += step)
        map[(y + half) * side + x] = near(
          at(y + half, x + half) + at(y + half, x - half) + at(y, x) + at(y + step, x),
        );
    wibble /= decay;
  }
  return normalised(map);
}

/** Shifts and scales to [0, 1]. */
export function normalised(values: Float64Array): Float64Array {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = (values[i]! - least) / (most - least || 1);
  return out;
}
