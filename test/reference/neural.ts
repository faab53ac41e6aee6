import { columnsOf, windowOf, type NeuralOp, type Window } from "../../src/graph/index.js";
import { at, broadcastAt, count, nd, positions, put, type Nd } from "./array.js";
import type { Kernel, KernelInput, Kernels } from "./kernel.js";

/** Every place of the image that the window at `out` covers, with its tap; padding is left out. */
function* covered(
  out: readonly number[],
  w: Window,
  spatial: readonly number[],
): Generator<{ readonly place: readonly number[]; readonly tap: readonly number[] }> {
  for (const tap of positions(w.kernel)) {
    const place = out.map((o, i) => o * w.strides[i]! - w.padsBegin[i]! + tap[i]! * w.dilations[i]!);
    if (place.every((p, i) => p >= 0 && p < spatial[i]!)) yield { place, tap };
  }
}

const conv: Kernel<"Conv"> = ({ inputs: [x, weight, bias], shapes: [shape], attributes }) => {
  const spatial = x!.shape.slice(2);
  const w = windowOf(attributes, spatial, weight!.shape.slice(2));
  const perGroup = weight!.shape[1]!;
  const outPerGroup = weight!.shape[0]! / attributes.group;
  return [
    nd(shape!, ([n, o, ...out]) => {
      const first = Math.floor(o! / outPerGroup) * perGroup;
      let sum = bias?.data[o!] ?? 0;
      for (const { place, tap } of covered(out, w, spatial)) {
        for (let i = 0; i < perGroup; i++) {
          sum += at(x!, [n!, first + i, ...place]) * at(weight!, [o!, i, ...tap]);
        }
      }
      return sum;
    }),
  ];
};

/** y[place] += x[out] · W[tap]: each input element is spread over the window it would be gathered from. */
const convTranspose: Kernel<"ConvTranspose"> = ({
  inputs: [x, weight, bias],
  shapes: [shape],
  attributes,
}) => {
  const w = windowOf(attributes, x!.shape.slice(2), weight!.shape.slice(2));
  const group = attributes.group;
  const [inPerGroup, outPerGroup] = [weight!.shape[0]! / group, weight!.shape[1]!];
  const y = nd(shape!, ([, o]) => bias?.data[o!] ?? 0);
  for (const index of positions(x!.shape)) {
    const [n, i, ...out] = index as [number, number, ...number[]];
    const value = at(x!, index);
    for (const { place, tap } of covered(out, w, shape!.slice(2))) {
      for (let o = 0; o < outPerGroup; o++) {
        const target = [n, Math.floor(i / inPerGroup) * outPerGroup + o, ...place];
        put(y, target, at(y, target) + value * at(weight!, [i, o, ...tap]));
      }
    }
  }
  return [y];
};

const col2Im: Kernel<"Col2Im"> = ({ inputs: [columns], shapes: [shape], types }) => {
  const { image, w, out } = columnsOf(types);
  const y = nd(shape!);
  const taps = [...positions(w.kernel)].map((tap) => tap.join());
  const [batch, channels] = shape as [number, number];
  for (const [n, c] of positions([batch, channels]) as Iterable<[number, number]>) {
    [...positions(out)].forEach((window, column) => {
      for (const { place, tap } of covered(window, w, image)) {
        const row = c * taps.length + taps.indexOf(tap.join());
        put(y, [n, c, ...place], at(y, [n, c, ...place]) + at(columns!, [n, row, column]));
      }
    });
  }
  return [y];
};

const maxPool: Kernel<"MaxPool"> = ({ inputs: [x], shapes, attributes }) => {
  const spatial = x!.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const rowMajor = spatial.map((_, i) => count(spatial.slice(i + 1)));
  const columnMajor = spatial.map((_, i) => count(spatial.slice(0, i)));
  const area = count(spatial);
  const largest = nd(shapes[0]!, ([n, c, ...out]) => {
    let best = -1;
    let most = -Infinity;
    for (const { place } of covered(out, w, spatial)) {
      const value = at(x!, [n!, c!, ...place]);
      if (value > most || best < 0) {
        most = value;
        best = place.reduce((sum, p, i) => sum + p * rowMajor[i]!, 0);
      }
    }
    return (n! * x!.shape[1]! + c!) * area + best;
  });
  const y = { shape: shapes[0]!, data: largest.data.map((index) => x!.data[index]!) };
  if (attributes.storage_order === 0) return [y, largest];
  const turned = largest.data.map((index) => {
    const place = rowMajor.map((stride, i) => Math.floor(index / stride) % spatial[i]!);
    const map = Math.floor(index / area);
    return map * area + place.reduce((sum, p, i) => sum + p * columnMajor[i]!, 0);
  });
  return [y, { shape: shapes[0]!, data: turned }];
};

const averagePool: Kernel<"AveragePool"> = ({ inputs: [x], shapes: [shape], attributes }) => {
  const spatial = x!.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const padded = attributes.count_include_pad === 1;
  return [
    nd(shape!, ([n, c, ...out]) => {
      let [sum, inside] = [0, 0];
      for (const { place } of covered(out, w, spatial)) {
        sum += at(x!, [n!, c!, ...place]);
        inside++;
      }
      if (!padded) return sum / inside;
      // Windows of ceil mode may leave the padding too: those places do not count.
      const counted = [...positions(w.kernel)].filter((tap) =>
        tap.every(
          (t, i) =>
            out[i]! * w.strides[i]! + t * w.dilations[i]! < spatial[i]! + w.padsBegin[i]! + w.padsEnd[i]!,
        ),
      ).length;
      return sum / counted;
    }),
  ];
};

const globalPool =
  (f: (values: number[]) => number): Kernel =>
  ({ inputs: [x], shapes: [shape] }) => {
    const spatial = x!.shape.slice(2);
    return [nd(shape!, ([n, c]) => f([...positions(spatial)].map((place) => at(x!, [n!, c!, ...place]))))];
  };

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

const gemm: Kernel<"Gemm"> = ({ inputs: [a, b, c], shapes: [shape], attributes }) => {
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const inner = a!.shape[transA ? 0 : 1]!;
  return [
    nd(shape!, (index) => {
      const [i, j] = index as [number, number];
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += at(a!, transA ? [k, i] : [i, k]) * at(b!, transB ? [j, k] : [k, j]);
      }
      const added = c === undefined ? 0 : attributes.beta * broadcastAt(c, index);
      return attributes.alpha * sum + added;
    }),
  ];
};

const matMul: Kernel = ({ inputs: [a, b], shapes: [shape] }) => {
  const left: Nd = a!.shape.length === 1 ? { ...a!, shape: [1, a!.shape[0]!] } : a!;
  const right: Nd = b!.shape.length === 1 ? { ...b!, shape: [b!.shape[0]!, 1] } : b!;
  const inner = left.shape.at(-1)!;
  return [
    nd(shape!, (index) => {
      const full = [...index];
      const column = b!.shape.length === 1 ? 0 : full.pop()!;
      const row = a!.shape.length === 1 ? 0 : full.pop()!;
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += broadcastAt(left, [...full, row, k]) * broadcastAt(right, [...full, k, column]);
      }
      return sum;
    }),
  ];
};

/** Along one axis, shifted by its largest element. */
const softmax =
  (log: boolean): Kernel<"Softmax" | "LogSoftmax"> =>
  ({ inputs: [x], attributes }) => {
    const rank = x!.shape.length;
    const axis = (attributes.axis + rank) % rank;
    return [
      nd(x!.shape, (index, place) => {
        const row = Array.from({ length: x!.shape[axis]! }, (_, k) => at(x!, index.with(axis, k)));
        const peak = Math.max(...row);
        const total = row.reduce((sum, value) => sum + Math.exp(value - peak), 0);
        const shifted = x!.data[place]! - peak;
        return log ? shifted - Math.log(total) : Math.exp(shifted) / total;
      }),
    ];
  };

export const NEURAL_KERNELS: Kernels<NeuralOp> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Col2Im: col2Im,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalPool((values) => values.reduce((a, b) => a + b, 0) / values.length),
  GlobalMaxPool: globalPool((values) => Math.max(...values)),
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: matMul,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  // Inference: nothing is dropped.
  Dropout: ({ inputs: [x] }) => [x!, nd(x!.shape, () => 1)],
};
