import type { GraphBuilder, Value } from "../graph/index.js";
import { crossEntropy } from "./cross-entropy.js";
import type { LossInputs } from "./inputs.js";

/**
 * Input gradient regularisation (Ross & Doshi-Velez 2018, arXiv:1711.09404, eq. 5): true double
 * backpropagation, the penalty being a function of a gradient that lies in the graph.
 *
 *   per-sample:  P[n] = ‖ ∇ₓₙ L_CE[n] ‖²          its mean over the batch is added to the loss
 *   batch-mean:  P[n] = ‖ ∇ₓₙ (1/N) Σ L_CE ‖² · N  whose mean is ‖ ∇ₓ mean L_CE ‖²
 *
 * The second is the form of code that differentiates the batch's mean (DEEPSEC: λ = 316 on MNIST,
 * 10 on CIFAR): the first divided by the batch size. Where BatchNorm normalises by the batch, ∇ₓₙ is of
 * Σ L_CE, other images' included, as in PyTorch's double backward.
 *
 * @throws RangeError without the clean images' gradient.
 */
export function inputGradientPenalty(
  g: GraphBuilder,
  { clean, oneHot, imageGradient }: LossInputs,
  form: "per-sample" | "batch-mean",
): Value {
  if (clean === undefined || imageGradient === undefined) {
    throw new RangeError("the input-gradient penalty needs the clean images and their gradient");
  }
  const total = g.op("ReduceSum", [crossEntropy(g, clean.logits, oneHot)], { keepdims: 0 });
  const gradient = imageGradient(total);
  const squared = g.op("ReduceSumSquare", [gradient, g.ints([1, 2, 3])], { keepdims: 0 });
  if (form === "per-sample") return squared;
  return g.op("Mul", [squared, g.scalar(1 / gradient.shape[0]!, squared)]);
}
