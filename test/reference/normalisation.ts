import type { NormalisationOp } from "../../src/graph/index.js";
import { at, broadcastAt, count, nd, positions, put, type Nd } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";

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
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
};
