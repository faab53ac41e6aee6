import {
  fromTaps,
  padZeros,
  reachOf,
  reshapeTo,
  type GraphBuilder,
  type Value,
} from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import type { Layer, Lowering } from "./index.js";
import { channelsSwapped } from "./input-gradient.js";

/**
 * W_grad of y = W ⋆ x:
 *
 *   W_grad[:, :, t] = Σ_n u[n] · x_t[n]ᵀ ,   x_t the pixels `[I, P]` that kernel tap t meets at the P output positions
 *
 * as a convolution where x is a picture, as one product a tap over the whole batch where the weight is large for the
 * maps. Undefined where one product for each image is faster.
 */
export function weightGradient(
  lowering: Lowering,
  layer: Layer,
  image: Value,
  cotangent: Value,
): Value | undefined {
  const { group, maps, weight } = layer;
  if (group > 1) return undefined;
  const { g, costs } = lowering;
  const convolved =
    weight[1]! <= costs.pictureChannels
      ? convolvedWeightGradient(lowering, layer, image, cotangent)
      : undefined;
  if (convolved !== undefined) return convolved;
  const transposed = sizeOf(maps.slice(2)) * (weight[0]! + weight[1]!);
  return sizeOf(weight) > costs.weightsAMap * transposed
    ? foldedWeightGradient(g, layer, image, cotangent)
    : undefined;
}

/**
 * A convolution of the images with the cotangent as kernel, channels in the place of the batch; strides and
 * dilations swap roles. Undefined where the last pixels were never reached: they would have to be cut off.
 */
function convolvedWeightGradient(
  { g }: Lowering,
  { w, image: [, , ...space], maps: [, , ...out] }: Layer,
  image: Value,
  cotangent: Value,
): Value | undefined {
  const ends = reachOf(out, w).map((reach, i) => reach - space[i]! - w.padsBegin[i]!);
  if (ends.some((end) => end < 0)) return undefined;
  const weight = g.op("Conv", [channelsSwapped(g, image), channelsSwapped(g, cotangent)], {
    kernel_shape: [...out],
    strides: [...w.dilations],
    dilations: [...w.strides],
    pads: [...w.padsBegin, ...ends],
  });
  return channelsSwapped(g, weight);
}

/** One product a kernel tap: `[O, N·P] · [N·P, I]`, with P the output positions. */
function foldedWeightGradient(g: GraphBuilder, { w, maps }: Layer, image: Value, cotangent: Value): Value {
  const [batch, outChannels, ...out] = maps as [number, number, ...number[]];
  const [inChannels, all] = [image.shape[1]!, batch * sizeOf(out)];
  const space = out.map((_, axis) => axis + 2);
  const swapped = g.op("Transpose", [cotangent], { perm: [1, 0, ...space] });
  const rows = reshapeTo(g, swapped, [outChannels, all]);
  const padded = padZeros(g, image, [0, 0, ...w.padsBegin], [0, 0, ...w.padsEnd]);
  // Channels last, so that a slice copies whole runs of them.
  const last = g.op("Transpose", [padded], { perm: [0, ...space, 1] });
  return fromTaps(g, { padded: last, first: 1, w, out }, [outChannels, inChannels], (pixels) =>
    g.op("MatMul", [rows, reshapeTo(g, pixels, [all, inChannels])]),
  );
}
