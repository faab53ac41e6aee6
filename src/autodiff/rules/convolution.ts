import {
  columnsOf,
  reshapeTo,
  TRILINEAR,
  windowAttributes,
  type ConvolutionOp,
  type TrilinearOp,
  type Value,
} from "../../graph/index.js";
import { sizeOf, tensor } from "../../tensor/index.js";
import type { Rule, Rules } from "../rule.js";

/**
 * Rules from the trilinear form T(x, W, u) = Σ u · (W ⋆ x), whose gradient by each argument is an operator on the other two:
 * Conv by u, ConvInputGradient by x, ConvWeightGradient by W. The output's gradient replaces the argument that the operator
 * lacks.
 *
 *   y = Conv(x, W) + b:   x_grad = ConvInputGradient(y_grad, W)   W_grad = ConvWeightGradient(x, y_grad)   b_grad = Σ y_grad
 */
const trilinear: Rule<TrilinearOp> = ({ g, node, inputs, outputGrads: [yGrad], attributes, needs }) => {
  const { kernel_shape, strides, pads, dilations, auto_pad, group } = attributes;
  const window = { kernel_shape, strides, pads, dilations, auto_pad, group };
  const [first, second, output] = TRILINEAR[node.op];
  const given = { [first]: inputs[0], [second]: inputs[1], [output]: yGrad };
  const { image, weight, maps } = given as Record<"image" | "weight" | "maps", Value>;
  const by = {
    maps: () => g.op("Conv", [image, weight], window),
    image: () => g.op("ConvInputGradient", [maps, weight], { ...window, image_shape: image.shape.slice(2) }),
    weight: () =>
      g.op("ConvWeightGradient", [image, maps], { ...window, kernel_shape: weight.shape.slice(2) }),
  };
  const space = yGrad!.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return [
    needs(0) ? by[first]() : null,
    needs(1) ? by[second]() : null,
    needs(2) ? g.op("ReduceSum", [yGrad, g.ints(space)], { keepdims: 0 }) : null,
  ];
};

/** Col2Im: the adjoint extracts the windows of the image, by a convolution with one kernel per tap. */
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
  const apart = g.op("Conv", [yGrad, weight], { ...windowAttributes(w), group: channels });
  return [reshapeTo(g, apart, columns!.shape), null, null];
};

export const CONVOLUTION_RULES: Rules<ConvolutionOp> = {
  Conv: trilinear,
  ConvTranspose: trilinear,
  ConvInputGradient: trilinear,
  ConvWeightGradient: trilinear,
  Col2Im: col2Im,
};
