import type { NormalisationOp } from "../../src/graph/index.js";
import { at, broadcastAt, count, nd, positions, put, type Nd } from "./array.js";
import type { Kernel, KernelInput, Kernels } from "./kernel.js";

function batchNormalization({ inputs, attributes }: KernelInput<"BatchNormalization">): Nd[] {
  const [x, scale, shift, mean, variance] = inputs as [Nd, Nd, Nd, Nd, Nd];
  const [epsilon, momentum] = [attributes.epsilon, attributes.momentum];
  const normalised = (m: Float64Array, v: Float64Array): Nd =>
    nd(x.shape, (index, place) => {
      const c = index[1]!;
      return ((x.data[place]! - m[c]!) / Math.sqrt(v[c]! + epsilon)) * scale.data[c]! + shift.data[c]!;
    });
  if (attributes.training_mode !== 1) return [normalised(mean.data, variance.data)];
  const channels = x.shape[1]!;
  const values: number[][] = Array.from({ length: channels }, () => []);
  nd(x.shape, (index, place) => values[index[1]!]!.push(x.data[place]!));
  const average = (each: readonly number[]): number => each.reduce((a, b) => a + b, 0) / each.length;
  const means = Float64Array.from(values, average);
  const variances = Float64Array.from(values, (each, c) => average(each.map((v) => (v - means[c]!) ** 2)));
  const running = (old: Nd, batch: Float64Array): Nd => ({
    shape: old.shape,
    data: old.data.map((value, c) => momentum * value + (1 - momentum) * batch[c]!),
  });
  return [normalised(means, variances), running(mean, means), running(variance, variances)];
}

/** Mean and variance over the last axes, from `first` on, of the row at `lead`. */
function moments(x: Nd, first: number, lead: readonly number[]): { mean: number; variance: number } {
  const layer = x.shape.slice(first);
  let mean = 0;
  for (const index of positions(layer)) mean += at(x, [...lead, ...index]);
  mean /= count(layer);
  let variance = 0;
  for (const index of positions(layer)) variance += (at(x, [...lead, ...index]) - mean) ** 2;
  return { mean, variance: variance / count(layer) };
}

const layerNormalization: Kernel<"LayerNormalization"> = ({ inputs: [x, scale, bias], attributes }) => {
  const rank = x!.shape.length;
  const first = (attributes.axis + rank) % rank;
  const statistics = x!.shape.map((dim, axis) => (axis < first ? dim : 1));
  const mean = nd(statistics, (index) => moments(x!, first, index.slice(0, first)).mean);
  const inverse = nd(
    statistics,
    (index) => 1 / Math.sqrt(moments(x!, first, index.slice(0, first)).variance + attributes.epsilon),
  );
  const y = nd(x!.shape, (index) => {
    const normalised = (at(x!, index) - broadcastAt(mean, index)) * broadcastAt(inverse, index);
    const shift = bias === undefined ? 0 : broadcastAt(bias, index);
    return normalised * broadcastAt(scale!, index) + shift;
  });
  return [y, mean, inverse];
};

const instanceNormalization: Kernel<"InstanceNormalization"> = ({ inputs: [x, scale, bias], attributes }) => {
  const y = nd(x!.shape);
  for (const map of positions(x!.shape.slice(0, 2))) {
    const { mean, variance } = moments(x!, 2, map);
    const deviation = Math.sqrt(variance + attributes.epsilon);
    for (const place of positions(x!.shape.slice(2))) {
      const index = [...map, ...place];
      const normalised = (at(x!, index) - mean) / deviation;
      put(y, index, normalised * scale!.data[map[1]!]! + bias!.data[map[1]!]!);
    }
  }
  return [y];
};

const lrn: Kernel<"LRN"> = ({ inputs: [x], attributes: { alpha, beta, bias, size } }) => [
  nd(x!.shape, (index) => {
    const c = index[1]!;
    const last = Math.min(x!.shape[1]! - 1, c + Math.ceil((size - 1) / 2));
    let sum = 0;
    for (let i = Math.max(0, c - Math.floor((size - 1) / 2)); i <= last; i++) {
      sum += at(x!, index.with(1, i)) ** 2;
    }
    return at(x!, index) / (bias + (alpha / size) * sum) ** beta;
  }),
];

export const NORMALISATION_KERNELS: Kernels<NormalisationOp> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
};
