import { reversed, windowAttributes, type GraphBuilder, type Value } from "../../../graph/index.js";
import type { Layer, Lowering } from "./index.js";
import { subPixelInputGradient } from "./sub-pixel.js";

/**
 * x_grad of y = W ⋆ x: at stride 1 a convolution with the weight rotated by half a turn, twice as fast as a transposed
 * one; for a picture one for every place of a pixel between strides. Undefined where neither fits.
 */
export function inputGradient(
  { g, costs, isSteady }: Lowering,
  layer: Layer,
  cotangent: Value,
  weight: Value,
): Value | undefined {
  const { w, group, image } = layer;
  const flip = (pads: readonly number[]): number[] =>
    pads.map((pad, i) => w.dilations[i]! * (w.kernel[i]! - 1) - pad);
  const pads = [...flip(w.padsBegin), ...flip(w.padsEnd)];
  // Of a channel each there is none to swap.
  const isDepthwise = weight.shape[0] === group && weight.shape[1] === 1;
  const isPlain = w.strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0);
  if (isPlain && (group === 1 || isDepthwise)) {
    const axes = weight.shape.flatMap((dim, axis) => (axis >= 2 && dim > 1 ? [axis] : []));
    const filter = reversed(g, group === 1 ? channelsSwapped(g, weight) : weight, axes);
    return g.op("Conv", [cotangent, filter], { ...windowAttributes(w), group, pads });
  }
  // With a steady weight only, the taps of which are put in order before running.
  return group === 1 && image[1]! <= costs.pictureChannels && isSteady(weight.name)
    ? subPixelInputGradient(g, layer, cotangent, weight)
    : undefined;
}

/** Swaps batch and channels. */
export function channelsSwapped(g: GraphBuilder, value: Value): Value {
  return g.op("Transpose", [value], { perm: value.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis)) });
}
