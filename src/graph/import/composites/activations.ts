import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { raise, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/** relu(x) − slope · relu(−x) */
export function leaky(g: G, x: V, slope: V): V {
  const negative = g.op("Relu", [g.op("Neg", [x])]);
  return g.op("Sub", [g.op("Relu", [x]), g.op("Mul", [negative, slope])]);
}

export const ACTIVATIONS: Readonly<Record<string, Raise>> = {
  /** x · max(0, min(1, x / 6 + ½)) */
  HardSwish: raise({
    attributes: {},
    emit: ({ g, inputs: [x] }) => [g.op("Mul", [x, g.op("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 })])],
  }),
  LeakyRelu: raise({
    attributes: { alpha: { kind: "float", default: 0.01 } },
    emit: ({ g, inputs: [x], attributes: { alpha } }) => [leaky(g, x!, g.scalar(alpha, x))],
  }),
  PRelu: raise({ attributes: {}, emit: ({ g, inputs: [x, slope] }) => [leaky(g, x!, slope!)] }),
  Mean: raise({
    attributes: {},
    emit: ({ g, inputs }) => [g.op("Mul", [g.op("Sum", inputs), g.scalar(1 / inputs.length, inputs[0])])],
  }),
};
