/** Convolutions and products of integers. */
import { OP_CATALOGUE } from "../../../catalogue/index.js";
import { raise, Unsupported, type Raise } from "../../raise.js";
import { attend } from "../contrib.js";
import {
  along,
  asFloat,
  centred,
  channelsFirst,
  channelsLast,
  quantisation,
  requantised,
  scaledProduct,
} from "./arithmetic.js";
import { dynamically } from "./linear.js";

/**
 * Integers are exact in float32 up to 2²⁴. A sum of 256 products of 8-bit numbers is always exact, a longer one nearly
 * always.
 */
const convInteger = raise({
  attributes: OP_CATALOGUE.Conv.attributes,
  emit: ({ g, inputs: [x, w, xZero, wZero], attributes }) => [
    g.op("Conv", [centred(g, x!, xZero), centred(g, w!, wZero, 0)], attributes),
  ],
});

const qLinearConv = raise({
  attributes: { ...OP_CATALOGUE.Conv.attributes, channels_last: { kind: "int", default: 0 } },
  emit: ({ g, inputs, attributes: { channels_last: last, ...attributes } }) => {
    const [x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias] = inputs;
    const terms = [
      channelsFirst(g, centred(g, x!, xZero), last),
      centred(g, w!, wZero, 0),
      bias && asFloat(g, bias),
    ];
    // The sum is an integer already. Round keeps later factors from being folded into the convolution's weights.
    const sum = g.op("Round", [g.op("Conv", terms, attributes)], {}, { straightThrough: true });
    return [channelsLast(g, requantised(g, sum, [xScale!, wScale!], quantisation(g, yScale, yZero)), last)];
  },
});

const matMulInteger = raise({
  attributes: {},
  emit: ({ g, inputs: [a, b, aZero, bZero] }) => [
    g.op("MatMul", [centred(g, a!, aZero, -2), centred(g, b!, bZero, -1)]),
  ],
});

const qLinearMatMul = raise({
  attributes: {},
  emit: ({ g, inputs: [a, aScale, aZero, b, bScale, bZero, yScale, yZero] }) => {
    const sum = g.op("MatMul", [centred(g, a!, aZero, -2), centred(g, b!, bZero, -1)]);
    return [requantised(g, sum, [aScale!, bScale!], quantisation(g, yScale, yZero), -1)];
  },
});

const qGemm = raise({
  attributes: {
    transA: { kind: "int", default: 0 },
    transB: { kind: "int", default: 0 },
    alpha: { kind: "float", default: 1 },
  },
  emit: ({ g, inputs, attributes: { transA, transB, alpha } }) => {
    const [a, aScale, aZero, b, bScale, bZero, c, yScale, yZero] = inputs;
    const terms = [centred(g, a!, aZero), centred(g, b!, bZero, transB === 1 ? 0 : 1), c && asFloat(g, c)];
    const sum = g.op("Gemm", terms, { transA, transB });
    const scale = g.op("Mul", [g.op("Mul", [aScale, bScale]), g.scalar(alpha)]);
    if (yScale === undefined) return [g.op("Mul", [sum, along(g, scale, 1, 2)])];
    return [requantised(g, sum, [scale, g.scalar(1)], quantisation(g, yScale, yZero))];
  },
});

export const PRODUCTS: Readonly<Record<string, Raise>> = {
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
  QLinearConv: qLinearConv,
  "com.microsoft.QLinearConv": qLinearConv,
  QLinearMatMul: qLinearMatMul,
  "com.microsoft.QGemm": qGemm,
  "com.microsoft.DynamicQuantizeMatMul": raise({
    attributes: {},
    emit: ({ g, inputs: [a, b, bScale, bZero, bias] }) => {
      const { quantised, scale, zero } = dynamically(g, a!);
      const sum = g.op("MatMul", [centred(g, quantised, zero), centred(g, b!, bZero, -1)]);
      return [scaledProduct(g, sum, [scale, bScale!], bias)];
    },
  }),
  "com.microsoft.MatMulIntegerToFloat": raise({
    attributes: {},
    emit: ({ g, inputs: [a, b, aScale, bScale, aZero, bZero, bias] }) => {
      const sum = g.op("MatMul", [centred(g, a!, aZero, -2), centred(g, b!, bZero, -1)]);
      return [scaledProduct(g, sum, [aScale!, bScale!], bias)];
    },
  }),
  /** Attention of quantised x `[N, L, D]` and weights of queries, keys and values `[D, 3 D]`. */
  "com.microsoft.QAttention": raise({
    attributes: {
      num_heads: { kind: "int", required: true },
      unidirectional: { kind: "int", default: 0 },
      scale: { kind: "float" },
      do_rotary: { kind: "int", default: 0 },
      mask_filter_value: { kind: "float" },
      past_present_share_buffer: { kind: "int" },
    },
    emit: ({ g, inputs, attributes: { num_heads: heads, scale, unidirectional, do_rotary: rotary } }) => {
      const [x, weight, bias, xScale, wScale, mask, xZero, wZero, past] = inputs;
      if (mask ?? past) throw new Unsupported("a mask or a past is used");
      if (unidirectional !== 0 || rotary !== 0) throw new Unsupported("is causal or rotary");
      const sum = g.op("MatMul", [centred(g, x!, xZero, -1), centred(g, weight!, wZero, -1)]);
      const joined = scaledProduct(g, sum, [xScale!, wScale!], bias);
      const width = (weight!.shape[1] as number) / 3;
      const [q, k, v] = g.ops("Split", [joined, g.ints([width, width, width])], { axis: -1 }, { outputs: 3 });
      return [attend(g, { q: q!, k: k!, v: v!, heads, scale })];
    },
  }),
};
