import { indicesOf, reshapeTo, type GraphBuilder, type Value, type Window } from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import type { Layer, Lowering } from "./index.js";

/*
 * Convolutions on small maps as one matrix product each over the whole batch:
 *
 *   y = W ⋆ x + b   →   Y = W · X + b ,   X_grad = Wᵀ · Y_grad ,   W_grad = Y_grad · Xᵀ
 *
 * W `[O, I·T]`, X `[I·T, P·N]`, Y `[O, P·N]`, with T kernel taps and P output positions; X holds the pixels that each tap
 * meets (im2col over the batch). The batch is the last axis, so that one Gather copies whole runs.
 */

export function convolutionProduct(
  lowering: Lowering,
  layer: Layer,
  [x, weight, bias]: readonly (Value | undefined)[],
): Value {
  const { g } = lowering;
  const [batch, outChannels, ...out] = layer.maps as [number, number, ...number[]];
  const total = g.op("MatMul", [weightRows(g, weight!), columnsOf(lowering, layer, x!)]);
  const biased = bias ? g.op("Add", [total, reshapeTo(g, bias, [outChannels, 1])]) : total;
  return batchFirst(g, reshapeTo(g, biased, [outChannels, ...out, batch]));
}

export function inputGradientProduct(
  lowering: Lowering,
  { image, maps, w }: Layer,
  cotangent: Value,
  weight: Value,
): Value {
  const { g } = lowering;
  const [batch, inChannels, ...space] = image as [number, number, ...number[]];
  const rows = g.op("Transpose", [weightRows(g, weight)], { perm: [1, 0] });
  const columns = g.op("MatMul", [rows, mapRows(lowering, cotangent)]);
  const met = pixelsMet(space, maps.slice(2), w);
  const pixels = added(g, reshapeTo(g, columns, [inChannels, met.length, batch]), met, sizeOf(space));
  return batchFirst(g, reshapeTo(g, pixels, [inChannels, ...space, batch]));
}

export function weightGradientProduct(
  lowering: Lowering,
  layer: Layer,
  image: Value,
  cotangent: Value,
): Value {
  const { g } = lowering;
  const columns = g.op("Transpose", [columnsOf(lowering, layer, image)], { perm: [1, 0] });
  return g.op("Reshape", [g.op("MatMul", [mapRows(lowering, cotangent), columns]), g.ints(layer.weight)]);
}

/** W as `[O, I·T]`. */
const weightRows = (g: GraphBuilder, weight: Value): Value =>
  reshapeTo(g, weight, [weight.shape[0]!, sizeOf(weight.shape.slice(1))]);

/** Maps `[N, O, …]` as `[O, P·N]`. */
function mapRows({ g, shared }: Lowering, maps: Value): Value {
  return shared(`rows of ${maps.name}`, () =>
    reshapeTo(g, batchLast(g, maps), [maps.shape[1]!, sizeOf(maps.shape) / maps.shape[1]!]),
  );
}

/** X of the images x. */
function columnsOf({ g, shared }: Lowering, { w, maps, image }: Layer, x: Value): Value {
  const [batch, inChannels, ...space] = image as [number, number, ...number[]];
  return shared(`columns of ${x.name} ${JSON.stringify(w)}`, () => {
    const size = sizeOf(space);
    const pixels = reshapeTo(g, batchLast(g, x), [inChannels, size, batch]);
    const met = pixelsMet(space, maps.slice(2), w);
    const places = met.map((pixel) => pixel ?? size);
    return reshapeTo(g, rowsAt(g, pixels, places), [
      inChannels * sizeOf(w.kernel),
      sizeOf(maps.slice(2)) * batch,
    ]);
  });
}

/** Of columns `[I, T·P, N]` the sum of those that met each of `size` pixels: `[I, size, N]`. */
function added(g: GraphBuilder, columns: Value, met: readonly (number | undefined)[], size: number): Value {
  const from = Array.from({ length: size }, (): number[] => []);
  met.forEach((pixel, column) => pixel !== undefined && from[pixel]!.push(column));
  const most = from.reduce((longest, each) => Math.max(longest, each.length), 1);
  const chosen = from.flatMap((each) => Array.from({ length: most }, (_, i) => each[i] ?? met.length));
  const gathered = rowsAt(g, columns, chosen);
  if (most === 1) return gathered;
  const [channels, , batch] = columns.shape as [number, number, number];
  const apart = g.op("Reshape", [gathered, g.ints([channels, size, most, batch])]);
  return g.op("ReduceSum", [apart, g.ints([2])], { keepdims: 0 });
}

/** Rows of axis 1 by their places; the one after the last is of zeros. */
function rowsAt(g: GraphBuilder, x: Value, places: readonly number[]): Value {
  const count = x.shape[1]!;
  if (places.length === count && places.every((place, i) => place === i)) return x;
  const padded = places.includes(count) ? g.op("Pad", [x, g.ints([0, 0, 0, 0, 1, 0])]) : x;
  return g.op("Gather", [padded, g.ints(places)], { axis: 1 });
}

const batchLast = (g: GraphBuilder, x: Value): Value =>
  g.op("Transpose", [x], { perm: x.shape.map((_, axis) => (axis + 1) % x.shape.length) });

const batchFirst = (g: GraphBuilder, x: Value): Value =>
  g.op("Transpose", [x], { perm: [x.shape.length - 1, ...x.shape.keys()].slice(0, -1) });

/** Index of the pixel that each kernel tap meets at each output position, by taps; undefined outside of the image. */
function pixelsMet(space: readonly number[], out: readonly number[], w: Window): (number | undefined)[] {
  const along = (axis: number, at: number, tap: number): number =>
    at * w.strides[axis]! + tap * w.dilations[axis]! - w.padsBegin[axis]!;
  return indicesOf(w.kernel).flatMap((tap) =>
    indicesOf(out).map((position) => {
      const place = space.map((_, axis) => along(axis, position[axis]!, tap[axis]!));
      const isInside = place.every((at, axis) => at >= 0 && at < space[axis]!);
      return isInside ? place.reduce((index, at, axis) => index * space[axis]! + at, 0) : undefined;
    }),
  );
}
