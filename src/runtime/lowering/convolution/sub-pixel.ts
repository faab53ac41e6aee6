import { padZeros, reshapeTo, type GraphBuilder, type Value, type Window } from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import type { Layer } from "./index.js";

/**
 * Of a picture: one convolution that gives the pixels of each phase of the stride as channels, then an interleaving
 * (Shi et al. 2016, arXiv:1609.05158): ConvTranspose would scatter single-threaded. Along one axis, with x the pixel,
 * o the output, k the tap, s the stride and p the pad,
 *
 *   x = s q + r ,  x + p = s o + k ,  o = q + t   ⇒   k = r + p − s t
 *
 * Undefined where a phase has no tap, or the convolution would have to begin within the map.
 */
export function subPixelInputGradient(
  g: GraphBuilder,
  { image, w }: Layer,
  cotangent: Value,
  weight: Value,
): Value | undefined {
  const [batch, inChannels, ...space] = image as [number, number, ...number[]];
  const axes = space.map((length, i) => phasesOf(length, cotangent.shape[i + 2]!, w, i));
  if (!axes.every((axis) => axis !== undefined)) return undefined;
  // A row of zeros stands for the taps that are not there.
  const none = weight.shape.map(() => 0);
  let taps = padZeros(g, weight, none, [0, 0, ...space.map(() => 1)]);
  axes.forEach((axis, i) => (taps = g.op("Gather", [taps, g.ints(axis.taps)], { axis: i + 2 })));
  const rank = space.length;
  const each = (offset: number, step: number): number[] => space.map((_, i) => offset + step * i);
  const [strides, lengths] = [axes.map(({ stride }) => stride), axes.map(({ length }) => length)];
  const kernel = axes.map(({ size }) => size);
  const channels = weight.shape.slice(0, 2);
  const split = reshapeTo(g, taps, [...channels, ...axes.flatMap(({ stride, size }) => [stride, size])]);
  const ordered = g.op("Transpose", [split], { perm: [1, ...each(2, 2), 0, ...each(3, 2)] });
  const filter = reshapeTo(g, ordered, [inChannels * sizeOf(strides), weight.shape[0]!, ...kernel]);
  const pads = [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)];
  const phases = g.op("Conv", [cotangent, filter], { kernel_shape: kernel, pads });
  const apart = reshapeTo(g, phases, [batch, inChannels, ...strides, ...lengths]);
  const perm = [0, 1, ...each(0, 1).flatMap((i) => [2 + rank + i, 2 + i])];
  const interleaved = g.op("Transpose", [apart], { perm });
  const full = axes.map(({ length, stride }) => length * stride);
  const whole = reshapeTo(g, interleaved, [batch, inChannels, ...full]);
  if (whole.shape.join() === image.join()) return whole;
  return g.op("Slice", [whole, g.ints(space.map(() => 0)), g.ints(space), g.ints(each(2, 1))]);
}

/**
 * Of one axis: the pixels of a phase, the tap of each phase at each place of the new kernel (the kernel's length where there
 * is none), and the pads of the new convolution.
 */
function phasesOf(length: number, positions: number, w: Window, axis: number) {
  const [stride, kernel, pad] = [w.strides[axis]!, w.kernel[axis]!, w.padsBegin[axis]!];
  if (w.dilations[axis] !== 1 || kernel < stride) return undefined;
  const [first, last] = [Math.ceil((pad - kernel + 1) / stride), Math.floor((stride - 1 + pad) / stride)];
  const size = last - first + 1;
  const taps = Array.from({ length: stride * size }, (_, i) => {
    const tap = Math.floor(i / size) + pad - stride * (first + (i % size));
    return tap >= 0 && tap < kernel ? tap : kernel;
  });
  const count = Math.ceil(length / stride);
  const [before, after] = [-first, count + last - positions];
  if (before < 0 || after < 0) return undefined;
  return { stride, length: count, size, taps, before, after };
}
