import { windowOf, type PoolingOp, type WindowAttributes } from "../../src/graph/index.js";
import { at, count, nd, positions, type Nd } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";
import { covered } from "./windows.js";

/** Where in x each window of a MaxPool has its first maximum, row by row. */
function maxima(x: Nd, shape: readonly number[], attributes: WindowAttributes): Nd {
  const spatial = x.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const rowMajor = spatial.map((_, i) => count(spatial.slice(i + 1)));
  return nd(shape, ([n, c, ...out]) => {
    let best = -1;
    let most = -Infinity;
    for (const { place } of covered(out, w, spatial)) {
      const value = at(x, [n!, c!, ...place]);
      if (value > most || best < 0) {
        most = value;
        best = place.reduce((sum, p, i) => sum + p * rowMajor[i]!, 0);
      }
    }
    return (n! * x.shape[1]! + c!) * count(spatial) + best;
  });
}

const maxPool: Kernel<"MaxPool"> = ({ inputs: [x], shapes, attributes }) => {
  const spatial = x!.shape.slice(2);
  const rowMajor = spatial.map((_, i) => count(spatial.slice(i + 1)));
  const columnMajor = spatial.map((_, i) => count(spatial.slice(0, i)));
  const area = count(spatial);
  const largest = maxima(x!, shapes[0]!, attributes);
  const y = { shape: shapes[0]!, data: largest.data.map((index) => x!.data[index]!) };
  if (attributes.storage_order === 0) return [y, largest];
  const turned = largest.data.map((index) => {
    const place = rowMajor.map((stride, i) => Math.floor(index / stride) % spatial[i]!);
    const map = Math.floor(index / area);
    return map * area + place.reduce((sum, p, i) => sum + p * columnMajor[i]!, 0);
  });
  return [y, { shape: shapes[0]!, data: turned }];
};

const maxPoolGradient: Kernel<"MaxPoolGradient"> = ({ inputs: [x, arrived], shapes, attributes }) => {
  const gradient = nd(shapes[0]!, () => 0);
  maxima(x!, arrived!.shape, attributes).data.forEach((place, i) => {
    gradient.data[place]! += arrived!.data[i]!;
  });
  return [gradient];
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

export const POOLING_KERNELS: Kernels<PoolingOp> = {
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  AveragePool: averagePool,
  GlobalAveragePool: globalPool((values) => values.reduce((a, b) => a + b, 0) / values.length),
  GlobalMaxPool: globalPool((values) => Math.max(...values)),
};
