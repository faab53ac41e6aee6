import { indicesOf, reshapeTo, type GraphBuilder, type Value } from "../../../graph/index.js";
import { sizeOf, tensor } from "../../../tensor/index.js";
import type { Layer, Lowering } from "./index.js";

/*
 * Convolutions on small maps as one matrix product each over the whole batch:
 *
 *   y = W ⋆ x + b   →   Y = W · X + b ,   X_grad = Wᵀ · Y_grad ,   W_grad = Y_grad · Xᵀ
 *
 * W `[O, I·T]`, X `[I·T, P·N]`, Y `[O, P·N]`, with P output positions and T kernel taps, of those that meet a pixel at any of them;
 * X holds the pixels that each tap meets (im2col over the batch). The batch is the last axis, so that one Gather copies whole runs.
 */

export function convolutionProduct(
  lowering: Lowering,
  layer: Layer,
  [x, weight, bias]: readonly (Value | undefined)[],
): Value {
  const { g } = lowering;
  const [batch, outChannels, ...out] = layer.maps as [number, number, ...number[]];
  const met = meetingsOf(layer);
  const rows = reshapeTo(g, tapsOf(lowering, weight!, met), [outChannels, layer.image[1]! * met.taps.length]);
  const total = g.op("MatMul", [rows, columnsOf(lowering, layer, x!, met)]);
  const biased = bias ? g.op("Add", [total, reshapeTo(g, bias, [outChannels, 1])]) : total;
  return batchFirst(g, reshapeTo(g, biased, [outChannels, ...out, batch]));
}

export function inputGradientProduct(
  lowering: Lowering,
  layer: Layer,
  cotangent: Value,
  weight: Value,
): Value {
  const { g } = lowering;
  const [batch, inChannels, ...space] = layer.image as [number, number, ...number[]];
  const met = meetingsOf(layer);
  const isPlain = layer.w.strides.every((stride) => stride === 1);
  const columns = (sizeOf(layer.maps.slice(2)) * batch) / layer.maps[1]!;
  const isSwapped = lowering.isSteady(weight.name) || columns > lowering.costs.columnsAChannel;
  const pixels = (isPlain && isSwapped ? gathered : scattered)(lowering, layer, { cotangent, weight, met });
  return batchFirst(g, reshapeTo(g, pixels, [inChannels, ...space, batch]));
}

interface Backward {
  readonly cotangent: Value;
  readonly weight: Value;
  readonly met: Meetings;
}

/** As a convolution of the cotangent: every pixel takes what it is given, by one product with W as `[I, O·T]`. */
function gathered(lowering: Lowering, { image, maps }: Layer, { cotangent, weight, met }: Backward): Value {
  const { g } = lowering;
  const [batch, outChannels, ...out] = maps as [number, number, ...number[]];
  const [size, positions] = [sizeOf(image.slice(2)), sizeOf(out)];
  const places = met.pixels.flatMap((pixels) => {
    const place = Array<number>(size).fill(positions);
    pixels.forEach((pixel, position) => pixel !== undefined && (place[pixel] = position));
    return place;
  });
  const swapped = g.op("Transpose", [tapsOf(lowering, weight, met)], { perm: [1, 0, 2] });
  const depth = outChannels * met.taps.length;
  const arrived = reshapeTo(g, batchLast(g, cotangent), [outChannels, positions, batch]);
  const columns = reshapeTo(g, rowsAt(g, arrived, places), [depth, size * batch]);
  return g.op("MatMul", [reshapeTo(g, swapped, [image[1]!, depth]), columns]);
}

/** Every position gives each pixel that it met its share, and the shares are added up. */
function scattered(lowering: Lowering, { image, maps }: Layer, { cotangent, weight, met }: Backward): Value {
  const { g } = lowering;
  const [batch, inChannels, ...space] = image as [number, number, ...number[]];
  const taps = tapsOf(lowering, weight, met);
  const turned = g.op("Transpose", [reshapeTo(g, taps, [maps[1]!, inChannels * met.taps.length])], {
    perm: [1, 0],
  });
  const columns = g.op("MatMul", [turned, mapRows(lowering, cotangent)]);
  const pixels = met.pixels.flat();
  return added(g, reshapeTo(g, columns, [inChannels, pixels.length, batch]), pixels, sizeOf(space));
}

export function weightGradientProduct(
  lowering: Lowering,
  layer: Layer,
  image: Value,
  cotangent: Value,
): Value {
  const { g } = lowering;
  const met = meetingsOf(layer);
  const columns = g.op("Transpose", [columnsOf(lowering, layer, image, met)], { perm: [1, 0] });
  const product = g.op("MatMul", [mapRows(lowering, cotangent), columns]);
  const [outChannels, inChannels, ...kernel] = layer.weight as [number, number, ...number[]];
  if (met.taps.length === sizeOf(kernel)) return g.op("Reshape", [product, g.ints(layer.weight)]);
  // The other taps get zeros, by a product: with rows so short it is the fastest copy. (An infinite gradient spreads as NaN.)
  const all = sizeOf(kernel);
  const chosen = new Float32Array(met.taps.length * all);
  met.taps.forEach((tap, row) => (chosen[row * all + tap] = 1));
  const each = reshapeTo(g, product, [outChannels * inChannels, met.taps.length]);
  const ones = g.op("Cast", [g.constant(tensor("float32", [met.taps.length, all], chosen))], {
    to: product.dtype,
  });
  return g.op("Reshape", [g.op("MatMul", [each, ones]), g.ints(layer.weight)]);
}

/** Taps of W that meet a pixel, `[O, I, T]`. */
function tapsOf({ g, shared }: Lowering, weight: Value, { taps }: Meetings): Value {
  const [outChannels, inChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  const all = reshapeTo(g, weight, [outChannels, inChannels, sizeOf(kernel)]);
  return taps.length === sizeOf(kernel)
    ? all
    : shared(`taps ${taps.join()} of ${weight.name}`, () => g.op("Gather", [all, g.ints(taps)], { axis: 2 }));
}

/** Maps `[N, O, …]` as `[O, P·N]`. */
function mapRows({ g, shared }: Lowering, maps: Value): Value {
  return shared(`rows of ${maps.name}`, () =>
    reshapeTo(g, batchLast(g, maps), [maps.shape[1]!, sizeOf(maps.shape) / maps.shape[1]!]),
  );
}

/** X of the images x. */
function columnsOf({ g, shared }: Lowering, { w, maps, image }: Layer, x: Value, met: Meetings): Value {
  const [batch, inChannels, ...space] = image as [number, number, ...number[]];
  return shared(`columns of ${x.name} ${JSON.stringify(w)}`, () => {
    const size = sizeOf(space);
    const pixels = reshapeTo(g, batchLast(g, x), [inChannels, size, batch]);
    const places = met.pixels.flat().map((pixel) => pixel ?? size);
    return reshapeTo(g, rowsAt(g, pixels, places), [
      inChannels * met.taps.length,
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
  const shares = rowsAt(g, columns, chosen);
  if (most === 1) return shares;
  const [channels, , batch] = columns.shape as [number, number, number];
  const apart = g.op("Reshape", [shares, g.ints([channels, size, most, batch])]);
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

/** Which pixels the taps of a kernel meet. */
interface Meetings {
  /** Taps that meet one at any output position. */
  readonly taps: readonly number[];
  /** Of each tap its pixel at each output position; undefined outside of the image. */
  readonly pixels: readonly (readonly (number | undefined)[])[];
}

function meetingsOf({ image, maps, w }: Layer): Meetings {
  const [space, positions] = [image.slice(2), indicesOf(maps.slice(2))];
  const along = (axis: number, at: number, tap: number): number =>
    at * w.strides[axis]! + tap * w.dilations[axis]! - w.padsBegin[axis]!;
  const all = indicesOf(w.kernel).map((tap) =>
    positions.map((position) => {
      const place = space.map((_, axis) => along(axis, position[axis]!, tap[axis]!));
      const isInside = place.every((at, axis) => at >= 0 && at < space[axis]!);
      return isInside ? place.reduce((index, at, axis) => index * space[axis]! + at, 0) : undefined;
    }),
  );
  const taps = all.flatMap((pixels, tap) => (pixels.some((pixel) => pixel !== undefined) ? [tap] : []));
  return { taps, pixels: taps.map((tap) => all[tap]!) };
}
