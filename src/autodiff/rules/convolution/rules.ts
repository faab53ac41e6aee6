import { windowOf, type GraphBuilder, type Value } from "../../../graph/index.js";
import type { Rule } from "../../rule.js";
import { convAttributes } from "./attributes.js";
import { inputGradient } from "./input-gradient.js";
import { weightGradient } from "./weight-gradient.js";

/**
 * Conv: y = W ⋆ x + b.
 *
 *   x_grad = Wᵀ ⋆ y_grad (transposed convolution)   W_grad = Σ_n y_grad[n] · patches(x[n])ᵀ
 *   b_grad = Σ over batch and space of y_grad
 */
export const conv: Rule<"Conv"> = ({ g, inputs: [x, weight], outputGrads: [yGrad], attributes, needs }) => {
  const group = attributes.group;
  const w = windowOf(attributes, x!.shape.slice(2), weight!.shape.slice(2));
  return [
    needs(0) ? inputGradient(g, x!.shape, weight!, yGrad!, w, group) : null,
    needs(1) ? weightGradient(g, x!, yGrad!, w, group) : null,
    needs(2) ? biasGradient(g, yGrad!) : null,
  ];
};

/**
 * ConvTranspose is the adjoint of Conv with the same weight, so the two swap roles:
 *
 *   x_grad = Conv(y_grad, W)   W_grad = Conv's W_grad with image y_grad and cotangent x
 */
export const convTranspose: Rule<"ConvTranspose"> = ({
  g,
  inputs: [x, weight],
  outputGrads: [yGrad],
  attributes,
  needs,
}) => {
  const group = attributes.group;
  const w = windowOf(attributes, x!.shape.slice(2), weight!.shape.slice(2));
  return [
    needs(0) ? g.op("Conv", [yGrad, weight], convAttributes(w, group)) : null,
    needs(1) ? weightGradient(g, yGrad!, x!, w, group) : null,
    needs(2) ? biasGradient(g, yGrad!) : null,
  ];
};

function biasGradient(g: GraphBuilder, yGrad: Value): Value {
  const axes = yGrad.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return g.op("ReduceSum", [yGrad, g.ints(axes)], { keepdims: 0 });
}
