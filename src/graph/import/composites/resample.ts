import { float32 } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import type { ImportBuilder } from "../import-builder.js";
import { Unsupported } from "../raise.js";

export type Coordinates =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_half_pixel_for_nn"
  | "tf_crop_and_resize";

/** `simple` is the mode of opset 10, which rounds up when shrinking. */
export type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil" | "simple";

/** How to interpolate. */
export interface Sampling {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinates: Coordinates;
  readonly nearest: NearestMode;
  /** The cubic's coefficient a. */
  readonly cubic?: number;
  /** Positions outside get no weight, instead of reading the border. */
  readonly excludesOutside?: boolean;
  /** When shrinking, average all old elements that a new one covers. */
  readonly antialias?: boolean;
  /** The value outside a cropped region; undefined for its border. */
  readonly outside?: number | undefined;
}

/** An axis with its new length. */
export interface Resampled {
  readonly axis: number;
  readonly length: number;
  readonly size: number;
  readonly scale: number;
  /** Start and end of a crop, from 0 to 1. */
  readonly region: readonly [start: number, end: number] | undefined;
}

/** Most elements of one weight matrix: from 4096 pixels to 4096. */
const LARGEST_MATRIX = 2 ** 24;
const LONGEST = 2 ** 20;

/** The position on the old axis of each new element, computed in float32 as ONNX Runtime does. */
function placesOf({ length, size, scale, region }: Resampled, coordinates: Coordinates): number[] {
  const f = Math.fround;
  const half = (i: number): number => f(f(i + 0.5) / f(scale));
  const [start, end] = region ?? [0, 1];
  const place = (i: number): number => {
    switch (coordinates) {
      case "half_pixel":
        return f(half(i) - 0.5);
      case "half_pixel_symmetric": {
        const adjustment = f(size / f(f(scale) * length));
        return f(f(f(length / 2) * f(1 - adjustment)) + (i + 0.5) / f(scale) - 0.5);
      }
      case "pytorch_half_pixel":
        return size > 1 ? f(half(i) - 0.5) : 0;
      case "align_corners":
        return size === 1 ? 0 : f(f(i * (length - 1)) / (size - 1));
      case "asymmetric":
        return f(i / f(scale));
      case "tf_half_pixel_for_nn":
        return half(i);
      case "tf_crop_and_resize":
        return size > 1
          ? f(f(f(start) * (length - 1)) + f(f(f(i * f(f(end) - f(start))) * (length - 1)) / (size - 1)))
          : f(0.5 * f(f(start) + f(end)) * (length - 1));
    }
  };
  return Array.from({ length: size }, (_, i) => place(i));
}

/** A float32 this close to a half counts as a half. */
const HALF = 5e-7;

function nearestOf(place: number, mode: NearestMode, isSmaller: boolean): number {
  const f = Math.fround;
  switch (mode) {
    case "round_prefer_floor":
      return Math.ceil(f(f(place - 0.5) - f(HALF)));
    case "round_prefer_ceil":
      return Math.floor(f(f(place + 0.5) + f(HALF)));
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "simple":
      return isSmaller ? Math.ceil(place) : Math.floor(place);
  }
}

const linear = (distance: number): number => Math.max(0, 1 - Math.abs(distance));

/** Keys's cubic convolution (1981) with coefficient a. */
function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** The weights of the old elements in a new one at `place`. */
function weightsAt(place: number, { length, scale }: Resampled, sampling: Sampling): Map<number, number> {
  const { mode, antialias, excludesOutside } = sampling;
  const narrow = antialias === true ? Math.min(1, scale) : 1;
  const reach = (mode === "linear" ? 1 : 2) / narrow;
  const weights = new Map<number, number>();
  let total = 0;
  for (let at = Math.ceil(place - reach); at <= Math.floor(place + reach); at++) {
    const distance = (at - place) * narrow;
    const weight = mode === "linear" ? linear(distance) : cubic(distance, sampling.cubic ?? -0.75);
    if (excludesOutside === true && (at < 0 || at >= length)) continue;
    const inside = Math.min(length - 1, Math.max(0, at));
    weights.set(inside, (weights.get(inside) ?? 0) + weight);
    total += weight;
  }
  // Without antialiasing they already sum to 1, unless some are excluded.
  for (const [at, weight] of weights) weights.set(at, total === 0 ? 0 : weight / total);
  return weights;
}

/** Gives one axis of `x` another length. Every step is linear in `x`, and so is the gradient. */
export function resample(g: ImportBuilder, x: Value<Dim>, to: Resampled, sampling: Sampling): Value<Dim> {
  const { axis, length, size } = to;
  if (size < 1 || length < 1 || Math.max(size, length) > LONGEST) {
    throw new Unsupported(`resizes an axis of ${length} to ${size}`);
  }
  const places = placesOf(to, sampling.coordinates);
  const isOutside = (place: number): boolean =>
    sampling.outside !== undefined && (place < 0 || place > length - 1);
  const found =
    sampling.mode === "nearest" ? nearest(g, x, to, places, sampling) : mixed(g, x, to, places, sampling);
  if (!places.some(isOutside)) return found;
  const shape = x.shape.slice(axis).map((_, i) => (i === 0 ? size : 1));
  const inside = g.constant(
    float32(
      shape,
      places.map((place) => (isOutside(place) ? 0 : 1)),
    ),
  );
  const filled = places.map((place) => (isOutside(place) ? sampling.outside! : 0));
  return g.op("Add", [g.op("Mul", [found, inside]), g.constant(float32(shape, filled))]);
}

/**
 * Nearest neighbour. Along the last axis, a product with zeros and ones is several times faster than copying single
 * elements.
 */
function nearest(
  g: ImportBuilder,
  x: Value<Dim>,
  { axis, length, size, scale }: Resampled,
  places: readonly number[],
  { nearest: mode }: Sampling,
): Value<Dim> {
  const chosen = places.map((place) => Math.min(length - 1, Math.max(0, nearestOf(place, mode, scale < 1))));
  const isLast = axis > 0 && axis === x.shape.length - 1;
  if (!isLast || x.dtype !== "float32" || size * length > LARGEST_MATRIX) {
    return g.op("Gather", [x, g.ints(chosen)], { axis });
  }
  const matrix = new Float32Array(length * size);
  chosen.forEach((from, column) => (matrix[from * size + column] = 1));
  return g.op("MatMul", [x, g.constant(float32([length, size], matrix))]);
}

/** A product with the weight matrix: from the right along the last axis, else from the left along the second last. */
function mixed(
  g: ImportBuilder,
  x: Value<Dim>,
  to: Resampled,
  places: readonly number[],
  sampling: Sampling,
): Value<Dim> {
  const { axis, length, size } = to;
  if (size * length > LARGEST_MATRIX) throw new Unsupported(`resizes an axis of ${length} to ${size}`);
  const rank = x.shape.length;
  const isLast = axis === rank - 1;
  const matrix = new Float32Array(size * length);
  places.forEach((place, row) => {
    for (const [column, weight] of weightsAt(place, to, sampling)) {
      matrix[isLast ? column * size + row : row * length + column] = weight;
    }
  });
  if (isLast) return g.op("MatMul", [x, g.constant(float32([length, size], matrix))]);
  const weights = g.constant(float32([size, length], matrix));
  if (axis === rank - 2) return g.op("MatMul", [weights, x]);
  // Any other axis is moved to the end first.
  const perm = x.shape.map((_, at) => at).filter((at) => at !== axis);
  const last = [...perm, axis];
  const moved = g.op("Transpose", [x], { perm: last });
  const product = g.op("MatMul", [moved, g.op("Transpose", [weights], { perm: [1, 0] })]);
  return g.op("Transpose", [product], { perm: last.map((_, at) => last.indexOf(at)) });
}
