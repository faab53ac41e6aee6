/** Discrete Fourier transforms as products with constant matrices of cosines and sines. */
import { float32, toNumbers } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { known, normaliseAxis } from "../../infer.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "../raise.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

const int = { kind: "int" } as const;
/** Signals of images are far shorter; the matrix grows with the square. */
const LONGEST = 1024;
/** Frames of a signal may overlap, and so be far more than the signal. */
const MOST_IN_FRAMES = 2 ** 22;

interface Transform {
  /** Samples that the input has, and parts of each: real, or real and imaginary. */
  readonly samples: number;
  readonly parts: number;
  readonly length: number;
  readonly inverse: boolean;
  readonly onesided: boolean;
  /** One factor per sample. */
  readonly window?: readonly number[] | undefined;
}

/**
 * The matrix `[samples · parts, bins · (2 or 1)]` of
 *
 *   X[k] = Σ_m w[m] x[m] e^(∓2πi m k / L) ,
 *
 * over L samples, divided by L if inverse. Onesided, only the bins up to L / 2 are returned, or are given: they stand for
 * their conjugates too, and the result is real.
 */
function matrix({ samples, parts, length: L, inverse, onesided, window }: Transform): {
  readonly data: Float32Array;
  readonly bins: number;
  readonly results: number;
} {
  const isHalf = onesided && inverse;
  const half = Math.floor(L / 2) + 1;
  const bins = onesided && !inverse ? half : L;
  const results = isHalf ? 1 : 2;
  const data = new Float32Array(samples * parts * bins * results);
  const used = Math.min(samples, isHalf ? half : L);
  for (let m = 0; m < used; m++) {
    const isAlone = !isHalf || m === 0 || 2 * m === L;
    const weight = ((window?.[m] ?? 1) * (isAlone ? 1 : 2)) / (inverse ? L : 1);
    for (let k = 0; k < bins; k++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((m * k) % L)) / L;
      const [cos, sin] = [weight * Math.cos(angle), weight * Math.sin(angle)];
      const put = (part: number, result: number, value: number): void => {
        if (part < parts && result < results)
          data[((m * parts + part) * bins + k) * results + result] = value;
      };
      put(0, 0, cos);
      put(0, 1, sin);
      put(1, 0, -sin);
      put(1, 1, cos);
    }
  }
  return { data, bins, results };
}

/** Transforms the last axis but one of `[…, samples, parts]`. */
function transformed(g: G, x: V, transform: Transform): V {
  const { samples, parts } = transform;
  const { data, bins, results } = matrix(transform);
  const before = x.shape.slice(0, -2).map(() => 0);
  const flat = g.op("Reshape", [x, g.ints([...before, samples * parts])]);
  const weight = g.constant(float32([samples * parts, bins * results], data));
  return g.op("Reshape", [g.op("MatMul", [flat, weight]), g.ints([...before, bins, results])]);
}

function partsOf({ shape }: V): number {
  const parts = shape.at(-1);
  if (parts !== 1 && parts !== 2)
    throw new Unsupported(`its input [${shape.join(", ")}] has no last axis of 1 or 2`);
  return parts;
}

function numberIn(g: G, value: V | undefined, what: string): number | undefined {
  if (value === undefined) return undefined;
  const data = g.constantOf(value);
  if (data?.data.length !== 1) throw new Unsupported(`${what} must be known before running`);
  return Number(data.data[0]);
}

function checkLength(length: number): void {
  if (!(length >= 1 && length <= LONGEST))
    throw new Unsupported(`transforms ${length} samples; the limit is ${LONGEST}`);
}

const dft = raise({
  attributes: {
    axis: { ...int, default: 1 },
    inverse: { ...int, default: 0 },
    onesided: { ...int, default: 0 },
  },
  emit: ({ g, opset, inputs: [x, length, at], attributes }) => {
    const rank = x!.shape.length;
    const parts = partsOf(x!);
    const given = opset < 20 ? attributes.axis : (numberIn(g, at, "its axis") ?? -2);
    const axis = normaliseAxis(given, rank);
    if (axis === rank - 1) throw new Unsupported(`its axis ${given} holds the real and imaginary parts`);
    const samples = known(x!.shape[axis], `axis ${axis}`);
    const [inverse, onesided] = [attributes.inverse === 1, attributes.onesided === 1];
    const whole = inverse && onesided ? 2 * (samples - 1) : samples;
    const transform = {
      samples,
      parts,
      length: numberIn(g, length, "its length") ?? whole,
      inverse,
      onesided,
    };
    checkLength(samples);
    checkLength(transform.length);
    if (axis === rank - 2) return [transformed(g, x!, transform)];
    const perm = x!.shape.map((_, i) => (i === axis ? rank - 2 : i === rank - 2 ? axis : i));
    const moved = transformed(g, g.op("Transpose", [x], { perm }), transform);
    return [g.op("Transpose", [moved], { perm })];
  },
});

/** Frames `[N, frames, L]` of a signal `[N, S]` or `[N, S, parts]`, each multiplied by the window and transformed. */
const stft = raise({
  attributes: { onesided: { ...int, default: 1 } },
  emit: ({ g, inputs: [signal, step, window, frame], attributes: { onesided } }) => {
    const x = signal!.shape.length === 2 ? g.op("Unsqueeze", [signal, g.ints([2])]) : signal!;
    const [samples, stride] = [known(x.shape[1], "axis 1"), numberIn(g, step, "its step")!];
    const factors = window && g.constantOf(window);
    if (window && factors === undefined) throw new Unsupported("its window must be known before running");
    const length = numberIn(g, frame, "its frame length") ?? factors?.data.length ?? 0;
    checkLength(length);
    const frames = Math.floor((samples - length) / stride) + 1;
    if (!(stride >= 1 && frames >= 1)) throw new Unsupported(`has ${frames} frames of ${length} samples`);
    if (frames * length > MOST_IN_FRAMES)
      throw new Unsupported(
        `has ${frames} frames of ${length} samples; the limit is ${MOST_IN_FRAMES} in all`,
      );
    const places = Array.from(
      { length: frames * length },
      (_, i) => Math.floor(i / length) * stride + (i % length),
    );
    const each = g.op("Reshape", [
      g.op("Gather", [x, g.ints(places)], { axis: 1 }),
      g.ints([0, frames, length, partsOf(x)]),
    ]);
    const transform = {
      samples: length,
      parts: partsOf(x),
      length,
      inverse: false,
      onesided: onesided === 1,
    };
    return [transformed(g, each, { ...transform, window: factors && toNumbers(factors) })];
  },
});

export const FOURIER: Readonly<Record<string, Raise>> = { DFT: dft, STFT: stft };
