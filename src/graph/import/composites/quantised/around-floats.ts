/** Operators that dequantise, compute in floats, and quantise again. */
import { OP_CATALOGUE } from "../../../catalogue/index.js";
import type { Dim, Value } from "../../../graph.js";
import { raise, type Raise, type RaiseContext } from "../../raise.js";
import { asFloat, channelsFirst, channelsLast, dequantised, quantisation, quantise } from "./arithmetic.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

/** A float op that dequantises its first inputs, and quantises its output with the inputs from `to` on. */
const around = (to: number, emit: (g: G, values: readonly V[]) => V): Raise =>
  raise({
    attributes: {},
    emit: (context) => {
      const { g, inputs } = context;
      const values = Array.from({ length: to / 3 }, (_, i) => dequantised(context, 3 * i));
      return [quantise(g, emit(g, values), quantisation(g, inputs[to], inputs[to + 1]))];
    },
  });

/** The attributes of quantised average pools: those of AveragePool without dilations. */
const { dilations: _, ...pooling } = OP_CATALOGUE.AveragePool.attributes;

export const AROUND_FLOATS: Readonly<Record<string, Raise>> = {
  "com.microsoft.QLinearAdd": around(6, (g, [a, b]) => g.op("Add", [a, b])),
  "com.microsoft.QLinearMul": around(6, (g, [a, b]) => g.op("Mul", [a, b])),
  "com.microsoft.QLinearSigmoid": around(3, (g, [x]) => g.op("Sigmoid", [x])),
  "com.microsoft.QLinearLeakyRelu": raise({
    attributes: { alpha: { kind: "float", default: 0.01 } },
    emit: (context) => {
      const { g, inputs, attributes } = context;
      const value = g.op("LeakyRelu", [dequantised(context, 0)], attributes);
      return [quantise(g, value, quantisation(g, inputs[3], inputs[4]))];
    },
  }),
  "com.microsoft.QLinearSoftmax": raise({
    attributes: { axis: { kind: "int", default: -1 }, opset: { kind: "int", default: 13 } },
    emit: (context) => {
      const { g, inputs, attributes } = context;
      const value = g.op("Softmax", [dequantised(context, 0)], { axis: attributes.axis });
      return [quantise(g, value, quantisation(g, inputs[3], inputs[4]))];
    },
  }),
  "com.microsoft.QLinearConcat": raise({
    attributes: { axis: { kind: "int", required: true } },
    emit: (context) => {
      const { g, inputs, attributes } = context;
      const parts = Array.from({ length: (inputs.length - 2) / 3 }, (_, i) =>
        dequantised(context, 2 + 3 * i),
      );
      return [quantise(g, g.op("Concat", parts, attributes), quantisation(g, inputs[0], inputs[1]))];
    },
  }),
  "com.microsoft.QLinearGlobalAveragePool": raise({
    attributes: { channels_last: { kind: "int", default: 0 } },
    emit: (context) => {
      const { g, inputs, attributes } = context;
      const x = dequantised(context, 0);
      const axes = x.shape.flatMap((_, axis) =>
        axis > 0 && axis !== (attributes.channels_last === 1 ? x.shape.length - 1 : 1) ? [axis] : [],
      );
      const mean = g.op("ReduceMean", [x, g.ints(axes)], { keepdims: 1 });
      return [quantise(g, mean, quantisation(g, inputs[3], inputs[4]))];
    },
  }),
  "com.microsoft.QLinearAveragePool": raise({
    attributes: { ...pooling, channels_last: { kind: "int", default: 0 } },
    emit: (context) => {
      const { g, inputs, attributes } = context;
      const { channels_last: last, ...rest } = attributes;
      const mean = g.op("AveragePool", [channelsFirst(g, dequantised(context, 0), last)], rest);
      return [channelsLast(g, quantise(g, mean, quantisation(g, inputs[3], inputs[4])), last)];
    },
  }),
  "com.microsoft.NhwcMaxPool": raise({
    attributes: OP_CATALOGUE.MaxPool.attributes,
    emit: ({ g, inputs: [x], attributes }) => {
      const most = g.op("MaxPool", [channelsFirst(g, asFloat(g, x!), 1)], attributes);
      return [channelsLast(g, most, 1)];
    },
  }),
};
