import { UsageError } from "../errors/index.js";
import type { RandomStream } from "../tensor/index.js";
import type { Ball } from "./ball.js";
import type { ThreatModel } from "./threat.js";

/** `[C, H, W]` */
export type Shape = readonly [channels: number, height: number, width: number];

/** A square of an image: its upper left corner and its side, in pixels. */
export interface Square {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

/** Side of the largest square that covers at most this share of the image; 0 if even a pixel is more. */
export function sideOf(share: number, [, height, width]: Shape): number {
  // A share computed from a square gives that square back, despite float64 rounding.
  return Math.min(height, width, Math.floor(Math.sqrt(share * height * width) + 1e-9));
}

/** @throws UsageError if a patch is smaller than one pixel: nothing would change, and every image would seem robust. */
export function checkPatch({ norm, epsilon }: ThreatModel, shape: Shape): void {
  if (norm !== "patch" || epsilon === 0 || sideOf(epsilon, shape) > 0) return;
  const [, height, width] = shape;
  throw new UsageError({
    place: "epsilon",
    problem: `a patch of ${epsilon} of ${height} × ${width} pixels is less than one pixel`,
    remedy: `Give a share of at least ${(1 / (height * width)).toPrecision(2)}, such as 0.05.`,
  });
}

/** A square with that side at a random place in the image. */
export function squareAt(source: RandomStream, side: number, [, height, width]: Shape): Square {
  return { top: source.integer(height - side + 1), left: source.integer(width - side + 1), side };
}

/** Calls `visit` with the index of every number in the square. */
export function inSquare({ top, left, side }: Square, shape: Shape, visit: (at: number) => void): void {
  const [channels, height, width] = shape;
  for (let c = 0; c < channels; c++)
    for (let y = top; y < top + side; y++)
      for (let x = left; x < left + side; x++) visit((c * height + y) * width + x);
}

/**
 * All images in [0, 1] that differ from a clean one only in a square, anywhere, of at most `share` of its area. The size of a
 * change is the share covered by the smallest square over all changed pixels. A point with more changes is projected
 * onto the square that holds most of them, by Σ|δ|; outside it, the pixels are bit for bit the clean ones.
 */
export function patchBall(centre: Float32Array, share: number, shape: Shape): Ball {
  const [channels, height, width] = shape;
  const side = sideOf(share, shape);
  const changeAt = (delta: (at: number) => number, y: number, x: number): number => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.abs(delta((c * height + y) * width + x));
    return sum;
  };
  /** The smallest square over all changes; undefined if there are none. */
  const cover = (delta: (at: number) => number): Square | undefined => {
    let [top, bottom, left, right] = [height, -1, width, -1];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (changeAt(delta, y, x) === 0) continue;
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        [left, right] = [Math.min(left, x), Math.max(right, x)];
      }
    }
    if (bottom < 0) return undefined;
    const across = Math.max(bottom - top, right - left) + 1;
    return { top: Math.min(top, height - across), left: Math.min(left, width - across), side: across };
  };
  const sizeOf = (delta: (at: number) => number): number => {
    const square = cover(delta);
    return square === undefined ? 0 : square.side ** 2 / (height * width);
  };
  const project = (point: Float32Array): Float32Array => {
    const delta = (at: number): number => point[at]! - centre[at]!;
    const all = cover(delta);
    if (all === undefined) return point;
    const kept = new Uint8Array(point.length);
    const square = all.side <= side ? all : fullest(shape, side, (y, x) => changeAt(delta, y, x));
    inSquare(square, shape, (at) => (kept[at] = 1));
    for (let i = 0; i < point.length; i++)
      point[i] = kept[i] === 1 ? Math.min(Math.max(point[i]!, 0), 1) : centre[i]!;
    return point;
  };
  const filled = (source: RandomStream, value: () => number): Float32Array => {
    const point = centre.slice();
    inSquare(squareAt(source, side, shape), shape, (at) => (point[at] = value()));
    return point;
  };
  return {
    project,
    sample: (source) => filled(source, () => source.uniform()),
    edge: (source) => filled(source, () => source.integer(2)),
    step: (x, gradient, length) => x.map((value, i) => value + length * Math.sign(gradient[i]!)),
    size: (delta) => sizeOf((at) => delta[at]!),
    distance: (point) => sizeOf((at) => point[at]! - centre[at]!),
    rows: {},
  };
}

/** The square with the largest sum; the first among equals. */
function fullest([, height, width]: Shape, side: number, at: (y: number, x: number) => number): Square {
  const sums = new Float64Array((height + 1) * (width + 1));
  const wide = width + 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      sums[(y + 1) * wide + x + 1] =
        at(y, x) + sums[y * wide + x + 1]! + sums[(y + 1) * wide + x]! - sums[y * wide + x]!;
  let [best, most] = [{ top: 0, left: 0, side }, -Infinity];
  for (let top = 0; top + side <= height; top++) {
    for (let left = 0; left + side <= width; left++) {
      const [above, below] = [top * wide, (top + side) * wide];
      const sum =
        sums[below + left + side]! - sums[above + left + side]! - sums[below + left]! + sums[above + left]!;
      if (sum > most) [best, most] = [{ top, left, side }, sum];
    }
  }
  return best;
}
