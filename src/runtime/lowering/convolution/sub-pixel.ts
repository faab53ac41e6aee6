import { padZeros, reshapeTo, type GraphBuilder, type Value, type Window } from "../../../graph/index.js";
import { sizeOf } from "../../../tensor/index.js";
import type { Layer } from "./index.js";

/**
 * Of a picture: one convolution that gives the pixels of each phase of the stride as channels, then an interleaving
 * (Shi et al. 2016, arXiv:1609.05158): ConvTranspose would scatter single-threaded. Along one axis, with x the pixel,
 * o the output, k the tap, s the stride and p the pad,
 *
 *   x = s q + r ,  x + p = s o + k   ⇒   o = q + t ,  k = s (c_r − t) + (r + p) mod s ,  c_r = ⌊(r + p) / s⌋
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
    [cotangent, reshapeTo(g, ordered, [inChannels * sizeOf(strides), weight.shape[0]!, ...kernel])],
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
  if (whole.shape.join() === image.join()) return whole;
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
