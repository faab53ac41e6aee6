import type { Dim, GraphBuilder, Value } from "../graph/index.js";
import type { Denoising } from "./defence.js";
import type { Layers } from "./layers.js";

type Activation = Value<Dim>;

/**
 * A denoising block (Xie et al. 2019, arXiv:1812.03411, §4, fig. 4): a filter of the features, a 1×1
 * convolution, BatchNorm whose scale γ starts at 0, and a skip, so that it starts as the identity.
 *
 *   y = x + BN( W * D(x) )
 *
 * With X = x as `[C, P]` (P = h·w positions), for each image
 *
 *   gaussian:           D(x) = X · softmax( XᵀX / √C )ᵀ
 *   embedded-gaussian:  D(x) = X · softmax( (θX)ᵀ(φX) / √d )ᵀ,  θ, φ 1×1 convolutions to d = C / 2
 *   dot-product:        D(x) = X · ( (θX)ᵀ(φX) )ᵀ / P
 *   mean, median:       over each 3×3 neighbourhood, channel by channel; borders repeated
 */
export function denoisingBlock(
  g: GraphBuilder<Dim>,
  layers: Layers,
  x: Activation,
  name: string,
  { filter }: Denoising,
): Activation {
  const channels = x.shape[1] as number;
  const denoised =
    filter === "mean" || filter === "median" ? local(g, x, filter) : nonLocal(g, layers, x, name, filter);
  const mixed = layers.batchNorm(layers.conv(denoised, `${name}.conv`, channels, 1), `${name}.bn`, 0);
  return g.op("Add", [x, mixed], {}, { name: `${name}.out` });
}

function nonLocal(
  g: GraphBuilder<Dim>,
  layers: Layers,
  x: Activation,
  name: string,
  filter: "embedded-gaussian" | "gaussian" | "dot-product",
): Activation {
  const [, channels, height, width] = x.shape as [Dim, number, number, number];
  const positions = height * width;
  const embedded = filter !== "gaussian";
  const depth = embedded ? Math.max(1, Math.floor(channels / 2)) : channels;
  const flat = (value: Activation, rows: number): Activation =>
    g.op("Reshape", [value, g.ints([0, rows, positions])]);
  const embed = (which: string): Activation =>
    flat(embedded ? layers.conv(x, `${name}.${which}`, depth, 1) : x, depth);
  const [theta, phi] = [embed("theta"), embed("phi")];
  const swapped = (value: Activation): Activation => g.op("Transpose", [value], { perm: [0, 2, 1] });
  const features = flat(x, channels);
  const product = (): Activation => {
    // (X φᵀ) θ is X (θᵀφ)ᵀ without the P × P matrix.
    const moments = g.op("MatMul", [features, swapped(phi)]);
    return g.op("MatMul", [g.op("Mul", [moments, g.scalar(1 / positions)]), theta]);
  };
  const softmax = (): Activation => {
    const affinity = g.op("Mul", [g.op("MatMul", [swapped(theta), phi]), g.scalar(1 / Math.sqrt(depth))]);
    return g.op("MatMul", [features, swapped(g.op("Softmax", [affinity], { axis: 2 }))]);
  };
  const filtered = filter === "dot-product" ? product() : softmax();
  return g.op("Reshape", [filtered, g.ints([0, channels, height, width])], {}, { name: `${name}.filtered` });
}

function local(g: GraphBuilder<Dim>, x: Activation, filter: "mean" | "median"): Activation {
  const padded = repeatBorders(g, repeatBorders(g, x, 2), 3);
  const [, , height, width] = x.shape as [Dim, number, number, number];
  if (filter === "mean") return g.op("AveragePool", [padded], { kernel_shape: [3, 3], strides: [1, 1] });
  const shifted: Activation[] = [];
  for (let dy = 0; dy < 3; dy++) {
    for (let dx = 0; dx < 3; dx++) {
      const [from, to] = [g.ints([dy, dx]), g.ints([dy + height, dx + width])];
      shifted.push(g.op("Slice", [padded, from, to, g.ints([2, 3])]));
    }
  }
  return medianOfNine(g, shifted);
}

/** Repeats the first and the last line along `axis`. */
function repeatBorders(g: GraphBuilder<Dim>, x: Activation, axis: number): Activation {
  const length = x.shape[axis] as number;
  const line = (at: number): Activation => g.op("Slice", [x, g.ints([at]), g.ints([at + 1]), g.ints([axis])]);
  return g.op("Concat", [line(0), x, line(length - 1)], { axis });
}

/** Pairs of the exchange network that finds the fifth of nine values (Paeth 1990, Graphics Gems). */
const MEDIAN_OF_NINE = [
  [1, 2], [4, 5], [7, 8], [0, 1], [3, 4], [6, 7], [1, 2], [4, 5], [7, 8], [0, 3],
  [5, 8], [4, 7], [3, 6], [1, 4], [2, 5], [4, 7], [4, 2], [6, 4], [4, 2],
] as const; // prettier-ignore

/** Uses only comparisons: ONNX has no median, and Min and Max have gradients. */
function medianOfNine(g: GraphBuilder<Dim>, values: Activation[]): Activation {
  const sorted = [...values];
  for (const [a, b] of MEDIAN_OF_NINE) {
    const pair = [sorted[a]!, sorted[b]!];
    [sorted[a], sorted[b]] = [g.op("Min", pair), g.op("Max", pair)];
  }
  return sorted[4]!;
}
