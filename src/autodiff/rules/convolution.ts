import {
  columnsOf,
  reshapeTo,
  windowAttributes,
  type ConvolutionOp,
  type GraphBuilder,
  type Value,
} from "../../graph/index.js";
import { sizeOf, tensor } from "../../tensor/index.js";
import type { Rule, RuleContext, Rules } from "../rule.js";

type Trilinear = "Conv" | "ConvTranspose" | "ConvInputGradient" | "ConvWeightGradient";

/** What the gradients of T(x, W, u) = Σ u · (W ⋆ x) are, with the window of one of its gradients. */
function trilinear({ g, attributes }: RuleContext<Trilinear>): {
  byOutput(image: Value, weight: Value): Value;
  byInput(cotangent: Value, weight: Value, image: Value): Value;
  byWeight(image: Value, cotangent: Value, weight: Value): Value;
} {
  const { kernel_shape, strides, pads, dilations, auto_pad, group } = attributes;
  const window = { kernel_shape, strides, pads, dilations, auto_pad, group };
  return {
    byOutput: (image, weight) => g.op("Conv", [image, weight], window),
    byInput: (cotangent, weight, image) =>
      g.op("ConvInputGradient", [cotangent, weight], { ...window, image_shape: image.shape.slice(2) }),
    byWeight: (image, cotangent, weight) =>
      g.op("ConvWeightGradient", [image, cotangent], { ...window, kernel_shape: weight.shape.slice(2) }),
  };
}

/** Conv: y = W ⋆ x + b; b_grad is y_grad summed over batch and space. */
const conv: Rule<"Conv"> = (context) => {
  const { inputs, outputGrads, needs } = context;
  const [x, weight, yGrad] = [inputs[0]!, inputs[1]!, outputGrads[0]!];
  const { byInput, byWeight } = trilinear(context);
  return [
    needs(0) ? byInput(yGrad, weight, x) : null,
    needs(1) ? byWeight(x, yGrad, weight) : null,
    needs(2) ? biasGradient(context.g, yGrad) : null,
  ];
};

/** The gradient of a convolution by its image, u the first input: ConvTranspose is it, too, with a bias. */
const inputGradient: Rule<"ConvTranspose" | "ConvInputGradient"> = (context) => {
  const { inputs, outputGrads, needs } = context;
  const [u, weight, yGrad] = [inputs[0]!, inputs[1]!, outputGrads[0]!];
  const { byOutput, byWeight } = trilinear(context);
  return [
    needs(0) ? byOutput(yGrad, weight) : null,
    needs(1) ? byWeight(yGrad, u, weight) : null,
    needs(2) ? biasGradient(context.g, yGrad) : null,
  ];
};

/** The gradient of a convolution by its weight. */
const weightGradient: Rule<"ConvWeightGradient"> = (context) => {
  const { inputs, outputGrads, needs } = context;
  const [x, u, yGrad] = [inputs[0]!, inputs[1]!, outputGrads[0]!];
  const { byInput, byOutput } = trilinear(context);
  return [needs(0) ? byInput(u, yGrad, x) : null, needs(1) ? byOutput(x, yGrad) : null];
};

function biasGradient(g: GraphBuilder, yGrad: Value): Value {
  const axes = yGrad.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return g.op("ReduceSum", [yGrad, g.ints(axes)], { keepdims: 0 });
}

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
  const apart = g.op("Conv", [yGrad, weight], { ...windowAttributes(w), group: channels });
  return [reshapeTo(g, apart, columns!.shape), null, null];
};

export const CONVOLUTION_RULES: Rules<ConvolutionOp> = {
  Conv: conv,
  ConvTranspose: inputGradient,
  ConvInputGradient: inputGradient,
  ConvWeightGradient: weightGradient,
  Col2Im: col2Im,
};
