import type { GraphBuilder, Value, Window } from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import { reshapeTo, swapLastAxes } from "../../rule.js";
import { padZeros } from "../shaping.js";
import { PICTURE_CHANNELS } from "./picture-channels.js";

/**
 * W_grad `[O, I / group, …k]` of y = W ⋆ x, with `image` x `[N, I, …]` and `cotangent` y_grad `[N, O, …]`:
 *
 *   W_grad[:, :, t] = Σ_n y_grad[n] · x_t[n]ᵀ ,   x_t the pixels `[I, P]` that kernel tap t meets at the P output positions
 *
 * as a convolution where x is a picture, as one product a tap over the whole batch where the weight is large for the
 * maps, else as one product for each image.
 */
export function weightGradient(
  g: GraphBuilder,
  image: Value,
  cotangent: Value,
  w: Window,
  group: number,
): Value {
  const [outChannels, inChannels] = [cotangent.shape[1]!, image.shape[1]!];
  const [positions, taps] = [sizeOf(cotangent.shape.slice(2)), sizeOf(w.kernel)];
  if (group === 1 && inChannels <= PICTURE_CHANNELS) {
    const found = convolvedWeightGradient(g, image, cotangent, w);
    if (found !== undefined) return found;
  }
  const transposed = positions * (outChannels + inChannels);
  // One product over the whole batch transposes the maps, one for each image sums as many weights: timed on layers of
  // ResNets, the smaller of the two decides (bench/weight-gradient.mjs).
  return group === 1 && taps * outChannels * inChannels > transposed
    ? foldedWeightGradient(g, image, cotangent, w)
    : batchedWeightGradient(g, image, cotangent, w, group);
}

/**
 * A convolution of the images with the cotangent as kernel, channels in the place of the batch; strides and
 * dilations swap roles. Undefined where the last pixels were never reached: they would have to be cut off.
 */
function convolvedWeightGradient(
  g: GraphBuilder,
  image: Value,
  cotangent: Value,
  w: Window,
): Value | undefined {
  const [space, out] = [image.shape.slice(2), cotangent.shape.slice(2)];
  const ends = space.map((length, i) => {
    const reached = (w.kernel[i]! - 1) * w.dilations[i]! + (out[i]! - 1) * w.strides[i]! + 1;
    return reached - length - w.padsBegin[i]!;
  });
  if (ends.some((end) => end < 0)) return undefined;
  const perm = image.shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
  const swap = (value: Value): Value => g.op("Transpose", [value], { perm });
  return swap(
    g.op("Conv", [swap(image), swap(cotangent)], {
      kernel_shape: [...out],
      strides: [...w.dilations],
      dilations: [...w.strides],
      pads: [...w.padsBegin, ...ends],
      group: 1,
    }),
  );
}

/** One product a kernel tap: `[O, N·P] · [N·P, I]`, with P the output positions. */
function foldedWeightGradient(g: GraphBuilder, image: Value, cotangent: Value, w: Window): Value {
  const [batch, outChannels, ...out] = cotangent.shape as [number, number, ...number[]];
  const inChannels = image.shape[1]!;
  const space = out.map((_, axis) => axis + 2);
  const rows = reshapeTo(g, g.op("Transpose", [cotangent], { perm: [1, 0, ...space] }), [
    outChannels,
    batch * sizeOf(out),
  ]);
  const padded = padZeros(g, image, [0, 0, ...w.padsBegin], [0, 0, ...w.padsEnd]);
  // Channels last, so that a slice copies whole runs of them.
  const last = g.op("Transpose", [padded], { perm: [0, ...space, 1] });
  const taps = tapsOf(w.kernel).map((tap) => {
    const columns = reshapeTo(g, tapSlice(g, last, tap, out, w, 1), [batch * sizeOf(out), inChannels]);
    return reshapeTo(g, g.op("MatMul", [rows, columns]), [outChannels, inChannels, 1]);
  });
  return gathered(g, taps, [outChannels, inChannels, ...w.kernel]);
}

/** One batched product a kernel tap: `[N, G, O/G, P] · [N, G, P, I/G]`, summed over the batch. */
function batchedWeightGradient(
  g: GraphBuilder,
  image: Value,
  cotangent: Value,
  w: Window,
  group: number,
): Value {
  const [batch, outChannels, ...out] = cotangent.shape as [number, number, ...number[]];
  const inChannels = image.shape[1]!;
  const positions = sizeOf(out);
  const rows = reshapeTo(g, cotangent, [batch, group, outChannels / group, positions]);
  const padded = padZeros(g, image, [0, 0, ...w.padsBegin], [0, 0, ...w.padsEnd]);
  const taps = tapsOf(w.kernel).map((tap) => {
    const window = tapSlice(g, padded, tap, out, w, 2);
    const columns = reshapeTo(g, window, [batch, group, inChannels / group, positions]);
    const products = g.op("MatMul", [rows, swapLastAxes(g, columns)]);
    const summed = g.op("ReduceSum", [products, g.ints([0])], { keepdims: 0 });
    return reshapeTo(g, summed, [outChannels, inChannels / group, 1]);
  });
  return gathered(g, taps, [outChannels, inChannels / group, ...w.kernel]);
}

/** The weight from its taps `[O, I, 1]`. */
function gathered(g: GraphBuilder, taps: readonly Value[], shape: readonly number[]): Value {
  return reshapeTo(g, taps.length === 1 ? taps[0]! : g.op("Concat", taps, { axis: 2 }), shape);
}

/** Every tap of a kernel in row-major order. */
function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (taps, length) => taps.flatMap((tap) => Array.from({ length }, (_, i) => [...tap, i])),
    [[]],
  );
}

/** The pixels that one tap meets: a strided slice of the padded image, whose space begins at axis `first`. */
function tapSlice(
  g: GraphBuilder,
  padded: Value,
  tap: readonly number[],
  out: readonly number[],
  w: Window,
  first: number,
): Value {
  const starts = tap.map((index, i) => index * w.dilations[i]!);
  const ends = starts.map((start, i) => start + (out[i]! - 1) * w.strides[i]! + 1);
  const axes = tap.map((_, i) => i + first);
  const whole = axes.every(
    (axis, i) => starts[i] === 0 && ends[i] === padded.shape[axis] && w.strides[i] === 1,
  );
  if (whole) return padded;
  return g.op("Slice", [padded, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(w.strides)]);
}
