/** To integers and back. */
import { dtypeOfCode } from "../../../../onnx/index.js";
import type { Dim, Value } from "../../../graph.js";
import { known, normaliseAxis } from "../../../infer.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "../../raise.js";
import { asFloat, dequantise, quantisation, quantise, RANGES } from "./arithmetic.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

const axisOf = { axis: { kind: "int", default: 1 } } as const;
const linear = {
  ...axisOf,
  block_size: { kind: "int", default: 0 },
  saturate: { kind: "int", default: 1 },
} as const;

/** Scales or zero points of blocks along `axis`, once per element of a value of `shape`. */
function spread(g: G, value: V, shape: readonly Dim[], axis: number, size: number): V {
  if (size === 0 || value.shape.length !== shape.length) return value;
  const at = normaliseAxis(axis, shape.length);
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

export function dynamically(g: G, x: V): { quantised: V; scale: V; zero: V } {
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

export const LINEAR: Readonly<Record<string, Raise>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  "com.microsoft.QuantizeLinear": quantizeLinear,
  "com.microsoft.DequantizeLinear": dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
