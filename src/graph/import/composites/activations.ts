import { isFloat, tensor } from "../../../tensor/index.js";
import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { raise, Unsupported, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

const times = (g: G, x: V, factor: number): V => (factor === 1 ? x : g.op("Mul", [x, g.scalar(factor, x)]));

/** In float32: 1.05070102214813232421875 and 1.67326319217681884765625, as in ONNX's definition. */
const SELU = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 };

export const ACTIVATIONS: Readonly<Record<string, Raise>> = {
  /** γ · Elu(x; α) */
  Selu: raise({
    attributes: {
      alpha: { kind: "float", default: SELU.alpha },
      gamma: { kind: "float", default: SELU.gamma },
    },
    emit: ({ g, inputs: [x], attributes: { alpha, gamma } }) => [
      times(g, g.op("Elu", [x], { alpha }), gamma),
    ],
  }),
  /** max(0, x) + min(0, α (e^(x/α) − 1)) = α · Elu(x / α; 1) */
  Celu: raise({
    attributes: { alpha: { kind: "float", default: 1 } },
    emit: ({ g, inputs: [x], attributes: { alpha } }) => {
      if (!(alpha > 0)) throw new Unsupported(`its alpha must be above 0, found ${alpha}`);
      return [times(g, g.op("Elu", [times(g, x!, 1 / alpha)]), alpha)];
    },
  }),
  /** x where it is above α, else 0 */
  ThresholdedRelu: raise({
    attributes: { alpha: { kind: "float", default: 1 } },
    emit: ({ g, inputs: [x], attributes: { alpha } }) => [
      g.op("Where", [g.op("Greater", [x, g.scalar(alpha, x)]), x, g.scalar(0, x)]),
    ],
  }),
  /** Moves x towards 0 by the bias; 0 for −λ ≤ x ≤ λ */
  Shrink: raise({
    attributes: { lambd: { kind: "float", default: 0.5 }, bias: { kind: "float", default: 0 } },
    emit: ({ g, inputs: [x], attributes: { lambd, bias } }) => {
      if (!isFloat(x!.dtype)) throw new Unsupported(`is only supported for floats, found ${x!.dtype}`);
      const above = g.op("Where", [
        g.op("Greater", [x, g.scalar(lambd, x)]),
        g.op("Sub", [x, g.scalar(bias, x)]),
        g.scalar(0, x),
      ]);
      return [
        g.op("Where", [g.op("Less", [x, g.scalar(-lambd, x)]), g.op("Add", [x, g.scalar(bias, x)]), above]),
      ];
    },
  }),
  /** x · max(0, min(1, x / 6 + ½)) */
  HardSwish: raise({
    attributes: {},
    emit: ({ g, inputs: [x] }) => [g.op("Mul", [x, g.op("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 })])],
  }),
  /** x · σ(α x) */
  Swish: raise({
    attributes: { alpha: { kind: "float", default: 1 } },
    emit: ({ g, inputs: [x], attributes: { alpha } }) => [
      g.op("Mul", [x, g.op("Sigmoid", [times(g, x!, alpha)])]),
    ],
  }),
  /** x · tanh(log(1 + eˣ)) */
  Mish: raise({
    attributes: {},
    emit: ({ g, inputs: [x] }) => [g.op("Mul", [x, g.op("Tanh", [g.op("Softplus", [x])])])],
  }),
  Mean: raise({
    attributes: {},
    emit: ({ g, inputs }) => [g.op("Mul", [g.op("Sum", inputs), g.scalar(1 / inputs.length, inputs[0])])],
  }),
  /** Converts an exponent of another type, such as an integer, to the base's type. */
  Pow: raise({
    attributes: {},
    emit: ({ g, inputs: [x, exponent], again }) => {
      if (exponent === undefined || exponent.dtype === x!.dtype || !isFloat(x!.dtype)) return undefined;
      return again([x, g.op("Cast", [exponent], { to: x!.dtype })]);
    },
  }),
  CastLike: raise({
    attributes: { saturate: { kind: "int" } },
    emit: ({ g, inputs: [x, like] }) => [g.op("Cast", [x], { to: like!.dtype })],
  }),
  /** The element of an optional. It is never empty, because every value of a graph exists. */
  OptionalGetElement: raise({ attributes: {}, emit: ({ g, inputs: [x] }) => [g.op("Identity", [x])] }),
  OptionalHasElement: raise({
    attributes: {},
    emit: ({ g }) => [g.constant(tensor("bool", [], Uint8Array.of(1)))],
  }),
};
