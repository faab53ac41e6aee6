import { windowOf, type GraphBuilder, type Value, type Window } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { reshapeTo, swapLastAxes, type Rule } from "../rule.js";
import { padZeros, reversed } from "./shaping.js";

/** Attributes of a Conv or ConvTranspose node, in full. */
function convAttributes(w: Window, group: number): Record<string, number | number[]> {
  return {
    kernel_shape: [...w.kernel],
    strides: [...w.strides],
    pads: [...w.padsBegin, ...w.padsEnd],
    dilations: [...w.dilations],
    group,
  };
}

/**
 * Conv: y = W ⋆ x + b.
 *
 *   x_grad = Wᵀ ⋆ y_grad (transposed convolution)   W_grad = Σ_n y_grad[n] · patches(x[n])ᵀ
 *   b_grad = Σ over batch and space of y_grad
 */
export const conv: Rule = ({ g, inputs: [x, weight], outputGrads: [yGrad], attributes, needs }) => {
  const group = attributes.int("group");
  const w = windowOf(attributes, x!.shape.slice(2), weight!.shape.slice(2));
  return [
    needs(0) ? inputGradient(g, x!.shape, weight!, yGrad!, w, group) : null,
    needs(1) ? weightGradient(g, x!, yGrad!, w, group) : null,
    needs(2) ? biasGradient(g, yGrad!) : null,
  ];
};

/**
 * ConvTranspose is the adjoint of Conv with the same weight, so the two swap roles:
 *
 *   x_grad = Conv(y_grad, W)   W_grad = Conv's W_grad with image y_grad and cotangent x
 */
export const convTranspose: Rule = ({ g, inputs: [x, weight], outputGrads: [yGrad], attributes, needs }) => {
  const group = attributes.int("group");
  const w = windowOf(attributes, x!.shape.slice(2), weight!.shape.slice(2));
  return [
    needs(0) ? g.op("Conv", [yGrad, weight], convAttributes(w, group)) : null,
    needs(1) ? weightGradient(g, yGrad!, x!, w, group) : null,
    needs(2) ? biasGradient(g, yGrad!) : null,
  ];
};

function biasGradient(g: GraphBuilder, yGrad: Value): Value {
  const axes = yGrad.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return g.op("ReduceSum", [yGrad, g.ints(axes)], { keepdims: 0 });
}

/**
 * At stride 1 a convolution with the rotated kernel, which ONNX Runtime runs twice as fast
 * as ConvTranspose (in the blocked layout, when the weight is constant).
 */
function inputGradient(
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
  if (group === 1 && w.strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0)) {
    const attributes = { ...convAttributes(w, 1), pads };
    return g.op("Conv", [yGrad, rotated(g, weight)], attributes);
  }
  // With a constant weight only: its own gradient, wanted where gradients are penalised, would meet every tap.
  if (group === 1 && shape[1]! <= FEW && g.constantOf(weight) !== undefined) {
    const found = subPixelInputGradient(g, shape, weight, yGrad, w);
    if (found !== undefined) return found;
  }
  const outputPadding = w.kernel.map((kernel, i) => {
    const reached = (yGrad.shape[i + 2]! - 1) * w.strides[i]! + w.dilations[i]! * (kernel - 1) + 1;
    return shape[i + 2]! - (reached - w.padsBegin[i]! - w.padsEnd[i]!);
  });
  return transposed(g, yGrad, weight, w, group, outputPadding);
}

/**
 * Of a picture: one convolution that gives the pixels of each phase of the stride as channels, then an interleaving
 * (Shi et al. 2016, arXiv:1609.05158): ConvTranspose would scatter single-threaded. Along one axis, with x the pixel,
 * o the output, k the tap, s the stride and p the pad,
 *
 *   x = s q + r ,  x + p = s o + k   ⇒   o = q + t ,  k = s (c_r − t) + (r + p) mod s ,  c_r = ⌊(r + p) / s⌋
 *
 * Undefined where a phase has no tap, or the convolution would have to begin within the map.
 */
function subPixelInputGradient(
  g: GraphBuilder,
  shape: readonly number[],
  weight: Value,
  yGrad: Value,
  w: Window,
): Value | undefined {
  const [batch, inChannels, ...space] = shape as [number, number, ...number[]];
  const axes = space.map((length, i) => phasesOf(length, yGrad.shape[i + 2]!, w, i));
  if (!axes.every((axis) => axis !== undefined)) return undefined;
  // A row of zeros stands for the taps that are not there.
  const none = weight.shape.map(() => 0);
  let taps = padZeros(g, weight, none, [0, 0, ...space.map(() => 1)]);
  axes.forEach((axis, i) => (taps = g.op("Gather", [taps, g.ints(axis.taps)], { axis: i + 2 })));
  const rank = space.length;
  const each = (offset: number, step: number): number[] =>
    Array.from({ length: rank }, (_, i) => offset + step * i);
  const [strides, lengths] = [axes.map(({ stride }) => stride), axes.map(({ length }) => length)];
  const kernel = axes.map(({ taps: found, stride }) => found.length / stride);
  const split = reshapeTo(g, taps, [
    ...weight.shape.slice(0, 2),
    ...strides.flatMap((stride, i) => [stride, kernel[i]!]),
  ]);
  const ordered = g.op("Transpose", [split], { perm: [1, ...each(2, 2), 0, ...each(3, 2)] });
  const phases = g.op(
    "Conv",
    [yGrad, reshapeTo(g, ordered, [inChannels * sizeOf(strides), weight.shape[0]!, ...kernel])],
    {
      kernel_shape: kernel,
      pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
    },
  );
  const apart = reshapeTo(g, phases, [batch, inChannels, ...strides, ...lengths]);
  const interleaved = g.op("Transpose", [apart], {
    perm: [0, 1, ...each(0, 1).flatMap((i) => [2 + rank + i, 2 + i])],
  });
  const whole = reshapeTo(g, interleaved, [
    batch,
    inChannels,
    ...lengths.map((length, i) => length * strides[i]!),
  ]);
  if (whole.shape.join() === shape.join()) return whole;
  return g.op("Slice", [whole, g.ints(space.map(() => 0)), g.ints(space), g.ints(each(2, 1))]);
}

interface Phases {
  readonly stride: number;
  /** Pixels of a phase. */
  readonly length: number;
  /** The tap of each phase at each place of the new kernel; the kernel's length where there is none. */
  readonly taps: readonly number[];
  /** Pads of the new convolution. */
  readonly before: number;
  readonly after: number;
}

function phasesOf(length: number, outLength: number, w: Window, axis: number): Phases | undefined {
  const [stride, kernel, pad] = [w.strides[axis]!, w.kernel[axis]!, w.padsBegin[axis]!];
  if (w.dilations[axis] !== 1 || kernel < stride || pad < 0) return undefined;
  const shift = (phase: number): number => Math.floor((phase + pad) / stride);
  const tapAt = (phase: number, t: number): number => stride * (shift(phase) - t) + ((phase + pad) % stride);
  const last = shift(stride - 1);
  const first = Math.min(
    ...Array.from(
      { length: stride },
      (_, r) => shift(r) - Math.floor((kernel - 1 - ((r + pad) % stride)) / stride),
    ),
  );
  const places = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const taps = Array.from({ length: stride }, (_, phase) =>
    places.map((t) => {
      const tap = tapAt(phase, t);
      return tap >= 0 && tap < kernel ? tap : kernel;
    }),
  ).flat();
  const count = Math.ceil(length / stride);
  const [before, after] = [-first, count - 1 + last - (outLength - 1)];
  return before < 0 || after < 0 ? undefined : { stride, length: count, taps, before, after };
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

/** `[O, I, …k]` → `[I, O, …k reversed]`: back, where it was rotated before. */
function rotated(g: GraphBuilder, weight: Value): Value {
  const perm = weight.shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
  const axes = weight.shape.flatMap((dim, axis) => (axis >= 2 && dim > 1 ? [axis] : []));
  return unrotated(g, weight, perm, axes) ?? reversed(g, g.op("Transpose", [weight], { perm }), axes);
}

/** What `weight` is the rotation of, if it is one. */
function unrotated(
  g: GraphBuilder,
  weight: Value,
  perm: readonly number[],
  axes: readonly number[],
): Value | undefined {
  const outer = g.producer(weight);
  let turned = weight;
  if (axes.length > 0) {
    const given = outer?.inputs[3] === undefined ? undefined : g.constantOf(g.value(outer.inputs[3]));
    const steps = outer?.inputs[4] === undefined ? undefined : g.constantOf(g.value(outer.inputs[4]));
    const whole = outer?.op === "Slice" && g.value(outer.inputs[0]!).shape.join() === weight.shape.join();
    if (!whole || String(given?.data) !== String(axes) || !steps?.data.every((step) => Number(step) === -1)) {
      return undefined;
    }
    turned = g.value(outer.inputs[0]!);
  }
  const inner = g.producer(turned);
  const swaps = (inner?.attributes["perm"] as readonly number[] | undefined)?.join() === perm.join();
  return inner?.op === "Transpose" && swaps ? g.value(inner.inputs[0]!) : undefined;
}

/** `image` and `cotangent` are the convolution's input and its output's gradient. */
function weightGradient(g: GraphBuilder, image: Value, cotangent: Value, w: Window, group: number): Value {
  const [outChannels, inChannels] = [cotangent.shape[1]!, image.shape[1]!];
  const [positions, taps] = [sizeOf(cotangent.shape.slice(2)), sizeOf(w.kernel)];
  if (group === 1 && inChannels <= FEW) {
    const found = convolvedWeightGradient(g, image, cotangent, w);
    if (found !== undefined) return found;
  }
  const transposed = positions * (outChannels + inChannels);
  return group === 1 && taps * outChannels * inChannels > FOLDED * transposed
    ? foldedWeightGradient(g, image, cotangent, w)
    : batchedWeightGradient(g, image, cotangent, w, group);
}

/**
 * How much larger the weight must be than the maps of one image for one product over the whole batch to be the
 * faster: it transposes the maps, where a product for each image sums as many weights. Found by timing both on the
 * 3×3 and 1×1 layers of ResNets (`bench/weight-gradient.mjs`).
 */
const FOLDED = 2;

/** Channels of a picture: so few that products with them are all overhead. */
const FEW = 4;

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
