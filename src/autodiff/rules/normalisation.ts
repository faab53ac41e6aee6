import type { GraphBuilder, NormalisationOp, Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { sumTo, type Rule, type Rules } from "../rule.js";

/**
 * LayerNormalization: y = γ · x̂ + β, x̂ = (x − μ) · r, r = 1 / √(σ² + ε), over the M elements from `axis` on
 * (Ba, Kiros & Hinton 2016, arXiv:1607.06450).
 *
 *   x_grad = r · (d − mean(d) − x̂ · mean(d · x̂)) ,   d = γ · y_grad     γ_grad = Σ y_grad · x̂     β_grad = Σ y_grad
 *
 * and of the statistics: μ_grad / M, − r² · r_grad · x̂ / M. One more LayerNormalization gives x̂ and r in one pass.
 */
const layerNormalization: Rule<"LayerNormalization"> = (context) => {
  const { g, inputs, outputGrads, attributes, needs } = context;
  const [x, gamma, beta] = inputs as [Value, Value, Value | undefined];
  const [yGrad, meanGrad, inverseGrad] = outputGrads;
  const ones = g.op("Expand", [g.scalar(1, gamma), g.ints(gamma.shape)]);
  const [normalised, , inverse] = g.ops("LayerNormalization", [x, ones], attributes, { outputs: 3 });
  const axes = gamma.shape.map((_, i) => i - gamma.shape.length);
  const share = g.scalar(1 / sizeOf(gamma.shape), x);
  const parts: Value[] = [];
  if (needs(0) && yGrad) {
    const scaled = g.op("Mul", [yGrad, gamma]);
    parts.push(standardised(g, { normalised: normalised!, inverse: inverse!, grad: scaled, axes }));
  }
  if (needs(0) && inverseGrad) {
    const square = g.op("Mul", [inverse, inverse]);
    const slope = g.op("Neg", [g.op("Mul", [g.op("Mul", [inverseGrad, square]), share])]);
    parts.push(g.op("Mul", [normalised, slope]));
  }
  if (needs(0) && meanGrad) parts.push(g.op("Expand", [g.op("Mul", [meanGrad, share]), g.ints(x.shape)]));
  return [
    parts.length > 1 ? g.op("Sum", parts) : (parts[0] ?? null),
    needs(1) && yGrad ? sumTo(g, g.op("Mul", [yGrad, normalised]), gamma.shape) : null,
    beta !== undefined && needs(2) && yGrad ? sumTo(g, yGrad, beta.shape) : null,
  ];
};

interface Standardised {
  /** x̂, as the input. */
  readonly normalised: Value;
  /** r, 1 along `axes`. */
  readonly inverse: Value;
  /** Gradient of x̂. */
  readonly grad: Value;
  /** What each mean and variance is taken over. */
  readonly axes: readonly number[];
}

/** x_grad of x̂ = (x − μ) · r:  r · (d − mean(d) − x̂ · mean(d · x̂)), d the gradient of x̂. */
function standardised(g: GraphBuilder, { normalised, inverse, grad, axes }: Standardised): Value {
  const mean = (value: Value): Value => g.op("ReduceMean", [value, g.ints(axes)], { keepdims: 1 });
  const correlated = g.op("Mul", [normalised, mean(g.op("Mul", [grad, normalised]))]);
  const centred = g.op("Sub", [grad, mean(grad)]);
  return g.op("Mul", [g.op("Sub", [centred, correlated]), inverse]);
}

export const NORMALISATION_RULES: Rules<NormalisationOp> = {
  LayerNormalization: layerNormalization,
};
