/**
 * Quantised ops in float32. An 8-bit number is stored as a float of the same value, so each op gives the same result as
 * with integers. Rounding is differentiated straight through (Bengio et al. 2013), as in training with simulated
 * quantisation. The gradient of a clipped value is zero.
 */
import { tensor, toNumbers, type DType } from "../../../tensor/index.js";
import { dtypeOfCode } from "../../../onnx/index.js";
import { OP_CATALOGUE } from "../../catalogue/index.js";
import type { Dim, Value } from "../../graph.js";
import { known } from "../../infer.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "../raise.js";
import { attend } from "./contrib.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

const RANGES: ReadonlyMap<DType, readonly [least: number, most: number]> = new Map<
  DType,
  readonly [number, number]
>([
  ["uint4", [0, 15]],
  ["int4", [-8, 7]],
  ["uint8", [0, 255]],
  ["int8", [-128, 127]],
  ["uint16", [0, 65_535]],
  ["int16", [-32_768, 32_767]],
]);

/** Scale and zero point of a quantised value; the zero point's type determines its range. */
interface Quantisation {
  readonly scale: V;
  readonly zero: V | undefined;
  readonly range: readonly [number, number];
}

function rangeOf(zero: V | undefined, g: G): readonly [number, number] {
  // A computed zero point is a float here. It comes from DynamicQuantizeLinear and stands for 8 unsigned bits.
  const dtype = zero === undefined || g.constantOf(zero) === undefined ? "uint8" : zero.dtype;
  const range = RANGES.get(dtype === "float32" ? "uint8" : dtype);
  if (range === undefined) throw new Unsupported(`quantises to ${dtype}`);
  return range;
}

const quantisation = (g: G, scale: V | undefined, zero: V | undefined): Quantisation => {
  if (scale === undefined) throw new Unsupported("has no scale");
  return { scale: asFloat(g, scale), zero: zero && asFloat(g, zero), range: rangeOf(zero, g) };
};

/** An integer as a float with the same value. */
export function asFloat(g: G, value: V): V {
  if (value.dtype === "float32") return value;
  const data = g.constantOf(value);
  if (data === undefined) return g.op("Cast", [value], { to: "float32" });
  return g.constant(tensor("float32", data.shape, Float32Array.from(toNumbers(data))));
}

/** One number per index along `axis`, broadcast over a value of `rank`. */
function along(g: G, value: V, axis: number, rank: number): V {
  if (value.shape.length === 0 || (value.shape.length === 1 && value.shape[0] === 1)) {
    return value.shape.length === 0 ? value : g.op("Reshape", [value, g.ints([])]);
  }
  // One number per element, already spread from blocks.
  if (value.shape.length === rank && rank > 1) return value;
  if (value.shape.length !== 1) throw new Unsupported(`has scales of shape [${value.shape.join(", ")}]`);
  const at = axis < 0 ? axis + rank : axis;
  const shape = Array.from({ length: rank }, (_, i) => (i === at ? (value.shape[0] as number) : 1));
  return g.op("Reshape", [value, g.ints(shape)]);
}

/** q = clip(round(x / s) + z) */
function quantise(g: G, x: V, { scale, zero, range }: Quantisation, axis = 1): V {
  const rank = x.shape.length;
  return saturate(
    g,
    g.op("Div", [x, along(g, scale, axis, rank)]),
    zero && along(g, zero, axis, rank),
    range,
  );
}

function saturate(g: G, scaled: V, zero: V | undefined, [least, most]: readonly [number, number]): V {
  const rounded = g.op("Round", [scaled], {}, { straightThrough: true });
  const shifted = zero === undefined ? rounded : g.op("Add", [rounded, zero]);
  return g.op("Clip", [shifted, g.scalar(least), g.scalar(most)]);
}

/** q − z */
function centred(g: G, q: V, zero: V | undefined, axis = 1): V {
  const value = asFloat(g, q);
  return zero === undefined
    ? value
    : g.op("Sub", [value, along(g, asFloat(g, zero), axis, value.shape.length)]);
}

/** x = s (q − z) */
function dequantise(g: G, q: V, { scale, zero }: Omit<Quantisation, "range">, axis = 1): V {
  const value = centred(g, q, zero, axis);
  return g.op("Mul", [value, along(g, scale, axis, value.shape.length)]);
}

/** Reads and dequantises three inputs: a value, its scale and its zero point. */
const dequantised = ({ g, inputs }: Context, at: number): V =>
  dequantise(g, inputs[at]!, quantisation(g, inputs[at + 1], inputs[at + 2]));

type Context = Pick<RaiseContext, "g" | "inputs">;

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

const axisOf = { axis: { kind: "int", default: 1 } } as const;
const linear = {
  ...axisOf,
  block_size: { kind: "int", default: 0 },
  saturate: { kind: "int", default: 1 },
} as const;

/** Scales or zero points of blocks along `axis`, once per element of a value of `shape`. */
function spread(g: G, value: V, shape: readonly Dim[], axis: number, size: number): V {
  if (size === 0 || value.shape.length !== shape.length) return value;
  const at = axis < 0 ? axis + shape.length : axis;
  const dims = value.shape.map((dim) => known(dim, "a dimension of its scale"));
  const apart = dims.toSpliced(at + 1, 0, size);
  const each = g.op("Expand", [g.op("Unsqueeze", [value, g.ints([at + 1])]), g.ints(apart)]);
  const joined = g.op("Reshape", [each, g.ints(dims.with(at, dims[at]! * size))]);
  const length = known(shape[at], `axis ${axis}`);
  // The last block may be shorter.
  if (length === joined.shape[at]) return joined;
  return g.op("Slice", [joined, g.ints([0]), g.ints([length]), g.ints([at])]);
}

const quantizeLinear = raise({
  attributes: { ...linear, output_dtype: { kind: "int", default: 0 }, precision: { kind: "int" } },
  emit: ({ g, inputs: [x, scale, zero], attributes: { axis, block_size: block, output_dtype: type } }) => {
    const whole = quantisation(g, scale, zero);
    const range = zero === undefined && type !== 0 ? RANGES.get(dtypeOfCode(type)!) : whole.range;
    if (range === undefined) throw new Unsupported(`output_dtype = ${type}`);
    const each = (value: V): V => spread(g, value, x!.shape, axis, block);
    const by = { scale: each(whole.scale), zero: whole.zero && each(whole.zero), range };
    return [quantise(g, asFloat(g, x!), by, axis)];
  },
});

const dequantizeLinear = raise({
  attributes: { ...linear, output_dtype: { kind: "int" } },
  emit: ({ g, inputs: [q, scale, zero], attributes: { axis, block_size: block } }) => {
    const each = (value: V): V => spread(g, asFloat(g, value), q!.shape, axis, block);
    return [dequantise(g, q!, { scale: each(scale!), zero: zero && each(zero) }, axis)];
  },
});

/** Quantises by the range of all values and 0. Only for one image at a time, because a batch would share the range. */
const dynamicQuantizeLinear = raise({
  attributes: {},
  emit: ({ g, inputs: [x] }) => {
    const { quantised, scale, zero } = dynamically(g, x!);
    return [quantised, scale, zero];
  },
});

function dynamically(g: G, x: V): { quantised: V; scale: V; zero: V } {
  // The model's inputs show whether the batch is one image, wherever the batch axis of `x` is.
  if (g.inputs.some((name) => g.value(name).shape[0] !== 1)) {
    throw new Unsupported("its scale depends on the whole batch, so the batch size must be 1");
  }
  const none = g.scalar(0);
  const most = g.op("Max", [g.op("ReduceMax", [x], { keepdims: 0 }), none]);
  const least = g.op("Min", [g.op("ReduceMin", [x], { keepdims: 0 }), none]);
  const scale = g.op("Div", [g.op("Sub", [most, least]), g.scalar(255)]);
  const place = g.op("Clip", [g.op("Neg", [g.op("Div", [least, scale])]), g.scalar(0), g.scalar(255)]);
  const zero = g.op("Round", [place], {}, { straightThrough: true });
  return { quantised: quantise(g, x, { scale, zero, range: [0, 255] }), scale, zero };
}

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

/** Maps with their channels in axis 1: those of ONNX Runtime's optimised quantised graphs are last. */
export function channelsFirst(g: G, x: V, isLast: number): V {
  const { length } = x.shape;
  return isLast === 1 ? g.op("Transpose", [x], { perm: [0, length - 1, ...range(1, length - 1)] }) : x;
}

/** The reverse of {@link channelsFirst}. */
export function channelsLast(g: G, x: V, isLast: number): V {
  return isLast === 1 ? g.op("Transpose", [x], { perm: [0, ...range(2, x.shape.length), 1] }) : x;
}

const range = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, i) => from + i);

/** Rescales a sum of integer products to the output: clip(round(sum · s_x s_w / s_y) + z_y). */
function requantised(g: G, sum: V, [a, b]: readonly [V, V], to: Quantisation, axis = 1): V {
  const factor = g.op("Div", [g.op("Mul", [a, b]), to.scale]);
  const rank = sum.shape.length;
  const scaled = g.op("Mul", [sum, along(g, factor, axis, rank)]);
  return saturate(g, scaled, to.zero && along(g, to.zero, axis, rank), to.range);
}

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

/** An integer sum times the product of its scales s_A s_B, plus a bias. */
function scaledProduct(g: G, sum: V, scales: readonly [V, V], bias: V | undefined): V {
  const product = g.op("Mul", [sum, along(g, g.op("Mul", scales), -1, sum.shape.length)]);
  return bias === undefined ? product : g.op("Add", [product, bias]);
}

/** The attributes of quantised average pools: those of AveragePool without dilations. */
const { dilations: _, ...pooling } = OP_CATALOGUE.AveragePool.attributes;

export const QUANTISED: Readonly<Record<string, Raise>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  "com.microsoft.QuantizeLinear": quantizeLinear,
  "com.microsoft.DequantizeLinear": dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
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
