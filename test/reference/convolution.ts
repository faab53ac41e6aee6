import { columnsOf, windowOf, type ConvolutionOp } from "../../src/graph/index.js";
import { at, nd, positions, put } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";
import { covered } from "./windows.js";

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
const convTranspose: Kernel<"ConvTranspose" | "ConvInputGradient"> = ({
  inputs: [x, weight, bias],
  shapes: [shape],
  attributes,
}) => {
  const w = windowOf(attributes, shape!.slice(2), weight!.shape.slice(2));
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

/** W_grad[tap] += u[out] · x[place]. */
const convWeightGradient: Kernel<"ConvWeightGradient"> = ({
  inputs: [x, u],
  shapes: [shape],
  attributes,
}) => {
  const spatial = x!.shape.slice(2);
  const w = windowOf(attributes, spatial);
  const [perGroup, outPerGroup] = [shape![1]!, shape![0]! / attributes.group];
  const weight = nd(shape!);
  for (const index of positions(u!.shape)) {
    const [n, o, ...out] = index as [number, number, ...number[]];
    const first = Math.floor(o / outPerGroup) * perGroup;
    for (const { place, tap } of covered(out, w, spatial)) {
      for (let i = 0; i < perGroup; i++) {
        const target = [o, i, ...tap];
        put(weight, target, at(weight, target) + at(u!, index) * at(x!, [n, first + i, ...place]));
      }
    }
  }
  return [weight];
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

export const CONVOLUTION_KERNELS: Kernels<ConvolutionOp> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInputGradient: convTranspose,
  ConvWeightGradient: convWeightGradient,
  Col2Im: col2Im,
};
