import { reshapeTo, type GraphBuilder, type NormalisationOp, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { sumTo, type Rule, type Rules } from "../rule.js";
import { batchNormalization } from "./batch-normalization.js";

/**
 * LayerNormalization: y = γ · x̂ + β, x̂ = (x − μ) · r, r = 1 / √(σ² + ε), over the M elements from `axis` on
 * (Ba, Kiros & Hinton 2016, arXiv:1607.06450).
 *
 *   x_grad = r · (d − mean(d) − x̂ · mean(d · x̂)) ,   d = γ · y_grad     γ_grad = Σ y_grad · x̂     β_grad = Σ y_grad
 *
 * and for the statistics: μ_grad / M, − r² · r_grad · x̂ / M. One more LayerNormalization gives x̂ and r in one pass.
 */
const layerNormalization: Rule<"LayerNormalization"> = (context) => {
  const { g, inputs, outputGrads, attributes, needs } = context;
  const [x, gamma, beta] = inputs as [Value, Value, Value | undefined];
  const [yGrad, meanGrad, inverseGrad] = outputGrads;
  const { normalised, inverse } = standardise(g, x, gamma.shape, attributes);
  const axes = gamma.shape.map((_, i) => i - gamma.shape.length);
  const share = g.scalar(1 / sizeOf(gamma.shape), x);
  const parts: Value[] = [];
  if (needs(0) && yGrad) {
    const scaled = g.op("Mul", [yGrad, gamma]);
    parts.push(standardGrad(g, { normalised, inverse, grad: scaled, axes }));
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

/**
 * InstanceNormalization: LayerNormalization of the maps as rows, with one γ and one β per channel
 * (Ulyanov et al. 2016, arXiv:1607.08022).
 */
const instanceNormalization: Rule<"InstanceNormalization"> = (context) => {
  const { g, inputs, outputGrads, attributes, needs } = context;
  const [x, gamma] = inputs as [Value, Value];
  const [batch, channels] = x.shape as [number, number];
  const rows = [batch, channels, sizeOf(x.shape.slice(2))];
  const { normalised, inverse } = standardise(g, reshapeTo(g, x, rows), rows.slice(2), attributes);
  const yGrad = reshapeTo(g, outputGrads[0]!, rows);
  const toRows = (): Value => g.op("Mul", [yGrad, reshapeTo(g, gamma, [channels, 1])]);
  const perChannel = (value: Value): Value => g.op("ReduceSum", [value, g.ints([0, 2])], { keepdims: 0 });
  return [
    needs(0)
      ? reshapeTo(g, standardGrad(g, { normalised, inverse, grad: toRows(), axes: [2] }), x.shape)
      : null,
    needs(1) ? perChannel(g.op("Mul", [yGrad, normalised])) : null,
    needs(2) ? perChannel(yGrad) : null,
  ];
};

interface Standard {
  /** x̂, as the input. */
  readonly normalised: Value;
  /** r, 1 along the axes that are normalised together. */
  readonly inverse: Value;
}

/** x̂ and r over the last axes, in the shape `layer`. */
function standardise(
  g: GraphBuilder,
  x: Value,
  layer: readonly number[],
  { epsilon }: { readonly epsilon: number },
): Standard {
  const ones = g.op("Expand", [g.scalar(1, x), g.ints(layer)]);
  const attributes = { axis: -layer.length, epsilon };
  const [normalised, , inverse] = g.ops("LayerNormalization", [x, ones], attributes, { outputs: 3 });
  return { normalised: normalised!, inverse: inverse! };
}

/** x_grad of x̂ = (x − μ) · r over `axes`:  r · (d − mean(d) − x̂ · mean(d · x̂)), d the gradient of x̂. */
function standardGrad(
  g: GraphBuilder,
  { normalised, inverse, grad, axes }: Standard & { readonly grad: Value; readonly axes: readonly number[] },
): Value {
  const mean = (value: Value): Value => g.op("ReduceMean", [value, g.ints(axes)], { keepdims: 1 });
  const correlated = g.op("Mul", [normalised, mean(g.op("Mul", [grad, normalised]))]);
  const centred = g.op("Sub", [grad, mean(grad)]);
  return g.op("Mul", [g.op("Sub", [centred, correlated]), inverse]);
}

/**
 * LRN: y = x · s^−β, s = k + α · A x², A the mean over `size` neighbouring channels, zeros beyond the ends
 * (Krizhevsky et al. 2012, §3.3).
 *
 *   x_grad = q − 2 α β · x · A (q · x / s) ,   q = y_grad · s^−β     A is symmetric, as the size is odd
 */
const lrn: Rule<"LRN"> = ({ g, inputs, outputGrads: [yGrad], attributes: { alpha, beta, bias, size } }) => {
  const x = inputs[0]!;
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const average = (value: Value): Value => {
    const pad = (size - 1) / 2;
    const columns = reshapeTo(g, value, [batch, 1, channels, sizeOf(space)]);
    const window = { kernel_shape: [size, 1], pads: [pad, 0, pad, 0], count_include_pad: 1 };
    return reshapeTo(g, g.op("AveragePool", [columns], window), x.shape);
  };
  const energy = g.op("Mul", [average(g.op("Mul", [x, x])), g.scalar(alpha, x)]);
  const s = g.op("Add", [energy, g.scalar(bias, x)]);
  const q = g.op("Mul", [yGrad, g.op("Pow", [s, g.scalar(-beta, x)])]);
  const spread = average(g.op("Div", [g.op("Mul", [q, x]), s]));
  const drawn = g.op("Mul", [g.op("Mul", [x, spread]), g.scalar(2 * alpha * beta, x)]);
  return [g.op("Sub", [q, drawn])];
};

export const NORMALISATION_RULES: Rules<NormalisationOp> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
};
