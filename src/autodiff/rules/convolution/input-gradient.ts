import type { GraphBuilder, Value, Window } from "../../../graph/index.js";
import { padZeros } from "../shaping.js";
import { convAttributes } from "./attributes.js";
import { PICTURE_CHANNELS } from "./picture-channels.js";
import { rotated, turned } from "./rotation.js";
import { subPixelInputGradient } from "./sub-pixel.js";

/**
 * x_grad of y = W ⋆ x, with x `[N, I, …]` of the given shape, W `[O, I / group, …k]` and y_grad `[N, O, …]`:
 *
 *   x_grad = ConvTranspose(y_grad, W)
 *
 * At stride 1 that is a convolution with the rotated kernel, which ONNX Runtime runs twice as fast, in its blocked layout;
 * for a picture and a constant weight a convolution for every place of a pixel between strides (`sub-pixel.ts`).
 */
export function inputGradient(
  g: GraphBuilder,
  shape: readonly number[],
  weight: Value,
  yGrad: Value,
  w: Window,
  group: number,
): Value {
  const flip = (pads: readonly number[]): number[] =>
    pads.map((pad, i) => w.dilations[i]! * (w.kernel[i]! - 1) - pad);
  const pads = [...flip(w.padsBegin), ...flip(w.padsEnd)];
  if (w.strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0)) {
    const attributes = { ...convAttributes(w, group), pads };
    if (group === 1) return g.op("Conv", [yGrad, rotated(g, weight)], attributes);
    // Of a channel each there is none to swap.
    const isDepthwise = weight.shape[0] === group && weight.shape[1] === 1;
    if (isDepthwise) return g.op("Conv", [yGrad, turned(g, weight)], attributes);
  }
  // With a constant weight only: its own gradient, wanted where gradients are penalised, would meet every tap.
  if (group === 1 && shape[1]! <= PICTURE_CHANNELS && g.constantOf(weight) !== undefined) {
    const found = subPixelInputGradient(g, shape, weight, yGrad, w);
    if (found !== undefined) return found;
  }
  const outputPadding = w.kernel.map((kernel, i) => {
    const reached = (yGrad.shape[i + 2]! - 1) * w.strides[i]! + w.dilations[i]! * (kernel - 1) + 1;
    return shape[i + 2]! - (reached - w.padsBegin[i]! - w.padsEnd[i]!);
  });
  return transposed(g, yGrad, weight, w, group, outputPadding);
}

/** ONNX asks output_padding to be less than the stride or the dilation; the rest is padded with zeros. */
function transposed(
  g: GraphBuilder,
  yGrad: Value,
  weight: Value,
  w: Window,
  group: number,
  outputPadding: readonly number[],
): Value {
  const allowed = outputPadding.map((extra, i) =>
    Math.min(extra, Math.max(w.strides[i]!, w.dilations[i]!) - 1),
  );
  const attributes = { ...convAttributes(w, group), output_padding: allowed };
  const result = g.op("ConvTranspose", [yGrad, weight], attributes);
  const rest = [0, 0, ...outputPadding.map((extra, i) => extra - allowed[i]!)];
  return padZeros(
    g,
    result,
    rest.map(() => 0),
    rest,
  );
}
