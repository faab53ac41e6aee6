import { columnsOf, type ConvolutionOp } from "../../../graph/index.js";
import { sizeOf, tensor } from "../../../tensor/index.js";
import { reshapeTo, type Rule, type Rules } from "../../rule.js";
import { convAttributes } from "./attributes.js";
import { conv, convTranspose } from "./rules.js";

/** Col2Im: the adjoint takes the windows of the image apart, by a convolution with one kernel for each tap. */
const col2Im: Rule<"Col2Im"> = ({ g, inputs: [columns], outputGrads: [yGrad], types }) => {
  const { w } = columnsOf(types);
  const [taps, channels] = [sizeOf(w.kernel), yGrad!.shape[1]!];
  const one = new Float32Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) one[tap * (taps + 1)] = 1;
  const kernels = g.op("Expand", [
    g.op("Cast", [g.constant(tensor("float32", [1, taps, taps], one))], { to: yGrad!.dtype }),
    g.ints([channels, taps, taps]),
  ]);
  const weight = reshapeTo(g, kernels, [channels * taps, 1, ...w.kernel]);
  const apart = g.op("Conv", [yGrad, weight], convAttributes(w, channels));
  return [reshapeTo(g, apart, columns!.shape), null, null];
};

export const CONVOLUTION_RULES: Rules<ConvolutionOp> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Col2Im: col2Im,
};
