import { tensor, type DType, type Tensor } from "../../tensor/index.js";

/** Converts a tensor to another float type: float16 is rounded to nearest, ties to even. */
export function asType(dtype: DType, data: Tensor<"float32">): Tensor {
  if (dtype === "float32") return data;
  if (dtype === "float64") return tensor("float64", data.shape, Float64Array.from(data.data));
  const round = dtype === "float16" ? toHalf : toBfloat;
  return tensor(dtype as "float16" | "bfloat16", data.shape, Uint16Array.from(data.data, round));
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Number → bits of IEEE 754 binary16; infinity beyond 65504. */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2⁻¹⁴ numbers are multiples of 2⁻²⁴; above, of a 1024th of their power of two.
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
  const steps = toEven(magnitude / 2 ** (exponent - 10));
  return exponent === -14 ? sign | steps : sign | (((exponent + 14) << 10) + steps);
}

function toBfloat(value: number): number {
  float[0] = value;
  const whole = bits[0]!;
  return Number.isNaN(value) ? 0x7fc0 : (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16;
}

/** The nearest integer, the even one of two. */
function toEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
