/** Integers in float32: their ranges, scales and zero points. */
import { tensor, toNumbers, type DType } from "../../../../tensor/index.js";
import type { Dim, Value } from "../../../graph.js";
import { Unsupported, type RaiseContext } from "../../raise.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

export const RANGES: ReadonlyMap<DType, readonly [least: number, most: number]> = new Map<
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

export const quantisation = (g: G, scale: V | undefined, zero: V | undefined): Quantisation => {
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
export function along(g: G, value: V, axis: number, rank: number): V {
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
export function quantise(g: G, x: V, { scale, zero, range }: Quantisation, axis = 1): V {
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
export function centred(g: G, q: V, zero: V | undefined, axis = 1): V {
  const value = asFloat(g, q);
  return zero === undefined
    ? value
    : g.op("Sub", [value, along(g, asFloat(g, zero), axis, value.shape.length)]);
}

/** x = s (q − z) */
export function dequantise(g: G, q: V, { scale, zero }: Omit<Quantisation, "range">, axis = 1): V {
  const value = centred(g, q, zero, axis);
  return g.op("Mul", [value, along(g, scale, axis, value.shape.length)]);
}

/** Reads and dequantises three inputs: a value, its scale and its zero point. */
export const dequantised = ({ g, inputs }: Context, at: number): V =>
  dequantise(g, inputs[at]!, quantisation(g, inputs[at + 1], inputs[at + 2]));

export type Context = Pick<RaiseContext, "g" | "inputs">;

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
export function requantised(g: G, sum: V, [a, b]: readonly [V, V], to: Quantisation, axis = 1): V {
  const factor = g.op("Div", [g.op("Mul", [a, b]), to.scale]);
  const rank = sum.shape.length;
  const scaled = g.op("Mul", [sum, along(g, factor, axis, rank)]);
  return saturate(g, scaled, to.zero && along(g, to.zero, axis, rank), to.range);
}

/** An integer sum times the product of its scales s_A s_B, plus a bias. */
export function scaledProduct(g: G, sum: V, scales: readonly [V, V], bias: V | undefined): V {
  const product = g.op("Mul", [sum, along(g, g.op("Mul", scales), -1, sum.shape.length)]);
  return bias === undefined ? product : g.op("Add", [product, bias]);
}
