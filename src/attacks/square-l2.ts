/** Shapes and moves of the Square attack in L2 (Andriushchenko et al. 2020, arXiv:1912.00049, § 3.3 and supplement B). */
import type { RandomStream } from "../tensor/index.js";

type Shape = readonly [channels: number, height: number, width: number];

/** Nested rectangles that grow by one a side, the n-th adding 1 / n²: a peak in the middle. Of length 1. */
function peak(height: number, width: number): Float64Array {
  const values = new Float64Array(height * width);
  const [middle, centre] = [Math.floor(height / 2), Math.floor(width / 2)];
  for (let n = 0; n < Math.max(middle + 1, centre + 1); n++) {
    for (let row = Math.max(0, middle - n); row < Math.min(height, middle + n + 1); row++) {
      for (let column = Math.max(0, centre - n); column < Math.min(width, centre + n + 1); column++) {
        values[row * width + column]! += 1 / (n + 1) ** 2;
      }
    }
  }
  return scaled(values, 1);
}

/** One peak above and its negative below, or side by side by a coin's toss: of length 1. */
function pair(side: number, source: RandomStream): Float64Array {
  const upper = Math.floor(side / 2);
  const values = new Float64Array(side * side);
  values.set(peak(upper, side));
  values.set(
    peak(side - upper, side).map((value) => -value),
    upper * side,
  );
  const whole = scaled(values, 1);
  if (source.uniform() <= 0.5) return whole;
  return whole.map((_, i) => whole[(i % side) * side + Math.floor(i / side)]!);
}

/** A grid of pairs of peaks, a fifth of the height each, with a sign for each channel. */
export function initialTiles([channels, height, width]: Shape, source: RandomStream): Float64Array {
  const delta = new Float64Array(channels * height * width);
  const side = Math.max(1, Math.floor(height / 5));
  const first = Math.floor((height - side * 5) / 2);
  for (let top = Math.max(0, first); top + side <= height; top += side) {
    for (let left = Math.max(0, first); left + side <= width; left += side) {
      const shape = side < 2 ? Float64Array.of(1) : pair(side, source);
      for (let c = 0; c < channels; c++) {
        const sign = source.uniform() < 0.5 ? -1 : 1;
        each(side, (row, column, i) => {
          delta[(c * height + top + row) * width + left + column]! += sign * shape[i]!;
        });
      }
    }
  }
  return delta;
}

/**
 * Empties a second window and gives what it held, with what the radius leaves unused, to a first one, tilted by a new pair
 * of peaks. In place.
 */
export function tiltedPatch(
  delta: Float64Array,
  [channels, height, width]: Shape,
  side: number,
  epsilon: number,
  source: RandomStream,
): void {
  const window = (): [number, number] => [
    source.integer(Math.max(1, height - side)),
    source.integer(Math.max(1, width - side)),
  ];
  const [to, from] = [window(), window()];
  const at = (c: number, [top, left]: [number, number], row: number, column: number): number =>
    (c * height + top + row) * width + left + column;
  const unused = Math.max(0, epsilon ** 2 - delta.reduce((sum, value) => sum + value * value, 0));
  const shape = pair(side, source);
  for (let c = 0; c < channels; c++) {
    const sign = source.uniform() < 0.5 ? -1 : 1;
    const old = new Float64Array(side * side);
    const held = new Map<number, number>();
    each(side, (row, column, i) => {
      const [one, other] = [at(c, to, row, column), at(c, from, row, column)];
      old[i] = delta[one]!;
      held.set(one, delta[one]!);
      held.set(other, delta[other]!);
    });
    let squared = 0;
    for (const value of held.values()) squared += value * value;
    const tilt = scaled(old, 1).map((value, i) => value + sign * shape[i]!);
    const next = scaled(tilt, Math.sqrt(unused / channels + squared));
    for (const place of held.keys()) delta[place] = 0;
    each(side, (row, column, i) => {
      delta[at(c, to, row, column)] = next[i]!;
    });
  }
}

function each(side: number, visit: (row: number, column: number, i: number) => void): void {
  for (let i = 0; i < side * side; i++) visit(Math.floor(i / side), i % side, i);
}

function scaled(values: Float64Array, length: number): Float64Array {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) + 1e-12;
  return values.map((value) => (value / norm) * length);
}
