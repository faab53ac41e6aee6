/**
 * Shapes and moves of the Square attack in L2 (Andriushchenko et al. 2020, arXiv:1912.00049, § 3.3 and supplement B), and in
 * L1 (Croce & Hein 2021, arXiv:2103.01208, § 4).
 */
import type { RandomStream } from "../tensor/index.js";
import type { BallNorm } from "./threat.js";

/** Norms in which the search moves parts of the perturbation around. */
export type PeakNorm = Exclude<BallNorm, "linf">;

type Shape = readonly [channels: number, height: number, width: number];

/** How steep a peak is: its n-th rectangle adds 1 / n to this power. */
const STEEPNESS: Readonly<Record<PeakNorm, number>> = { l2: 2, l1: 4 };

/** A peak in the middle, of length 1: nested rectangles that grow by one on each side, the n-th adding 1 / n² (L1: 1 / n⁴). */
function peak(norm: PeakNorm, height: number, width: number): Float64Array {
  const values = new Float64Array(height * width);
  const [middle, centre] = [Math.floor(height / 2), Math.floor(width / 2)];
  for (let n = 0; n < Math.max(middle + 1, centre + 1); n++) {
    for (let row = Math.max(0, middle - n); row < Math.min(height, middle + n + 1); row++) {
      for (let column = Math.max(0, centre - n); column < Math.min(width, centre + n + 1); column++) {
        values[row * width + column]! += 1 / (n + 1) ** STEEPNESS[norm];
      }
    }
  }
  return scaled(norm, values, 1);
}

/** A peak above its negative, or beside it by a coin toss, of length 1. */
function pair(norm: PeakNorm, side: number, source: RandomStream): Float64Array {
  const upper = Math.floor(side / 2);
  const values = new Float64Array(side * side);
  values.set(peak(norm, upper, side));
  values.set(
    peak(norm, side - upper, side).map((value) => -value),
    upper * side,
  );
  const whole = scaled(norm, values, 1);
  if (source.uniform() <= 0.5) return whole;
  return whole.map((_, i) => whole[(i % side) * side + Math.floor(i / side)]!);
}

/** A grid of pairs of peaks, each a fifth of the height, with a sign for each channel. */
export function initialTiles(
  norm: PeakNorm,
  [channels, height, width]: Shape,
  source: RandomStream,
): Float64Array {
  const delta = new Float64Array(channels * height * width);
  const side = Math.max(1, Math.floor(height / 5));
  const first = Math.floor((height - side * 5) / 2);
  for (let top = Math.max(0, first); top + side <= height; top += side) {
    for (let left = Math.max(0, first); left + side <= width; left += side) {
      const shape = side < 2 ? Float64Array.of(1) : pair(norm, side, source);
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
 * Empties one window and adds what it held, plus what the radius leaves unused, to another window, tilted by a new pair
 * of peaks. In place.
 */
export function tiltedPatch(
  norm: PeakNorm,
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
  const { sumOf, lengthOf } = SIZES[norm];
  const unused = Math.max(0, epsilon ** (norm === "l2" ? 2 : 1) - sumOf(delta));
  const shape = pair(norm, side, source);
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
    const tilt = scaled(norm, old, 1).map((value, i) => value + sign * shape[i]!);
    const next = scaled(norm, tilt, lengthOf(unused / channels + sumOf([...held.values()]), channels));
    for (const place of held.keys()) delta[place] = 0;
    each(side, (row, column, i) => {
      delta[at(c, to, row, column)] = next[i]!;
    });
  }
}

function each(side: number, visit: (row: number, column: number, i: number) => void): void {
  for (let i = 0; i < side * side; i++) visit(Math.floor(i / side), i % side, i);
}

interface Size {
  /** The term that a norm sums. */
  readonly sumOf: (values: ArrayLike<number>) => number;
  /** The length of a channel's window that receives this much; in L1 as in the reference, before projection. */
  readonly lengthOf: (sum: number, channels: number) => number;
}

const SIZES: Readonly<Record<PeakNorm, Size>> = {
  l2: { sumOf: (values) => added(values, (value) => value * value), lengthOf: Math.sqrt },
  l1: { sumOf: (values) => added(values, Math.abs), lengthOf: (sum, channels) => sum * channels },
};

function added(values: ArrayLike<number>, of: (value: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += of(values[i]!);
  return sum;
}

function scaled(norm: PeakNorm, values: Float64Array, length: number): Float64Array {
  const { sumOf, lengthOf } = SIZES[norm];
  const size = lengthOf(sumOf(values), 1) + 1e-12;
  return values.map((value) => (value / size) * length);
}
