import type { ActivationOp } from "../../src/graph/index.js";
import { at, broadcastAt, nd, type Nd } from "./array.js";
import { binary, bool, unary } from "./elementwise.js";
import type { Kernel, Kernels } from "./kernel.js";

/**
 * erf(x) = 2 / √π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n+1)): all terms of one sign. From 6 on it is 1 in float64.
 */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const map = ({ shape, data }: Nd, f: (x: number) => number): Nd[] => [{ shape, data: data.map(f) }];

/** Bits of an integer type. */
const width = (dtype: string): number => Number(/\d+/.exec(dtype)?.[0]);
const big = (f: (a: bigint, b: bigint) => bigint): Kernel =>
  binary((a, b) => Number(f(BigInt(a), BigInt(b))));

/** Along one axis, shifted by its largest element. */
const softmax =
  (log: boolean): Kernel<"Softmax" | "LogSoftmax"> =>
  ({ inputs: [x], attributes }) => {
    const rank = x!.shape.length;
    const axis = (attributes.axis + rank) % rank;
    return [
      nd(x!.shape, (index, place) => {
        const row = Array.from({ length: x!.shape[axis]! }, (_, k) => at(x!, index.with(axis, k)));
        const peak = Math.max(...row);
        const total = row.reduce((sum, value) => sum + Math.exp(value - peak), 0);
        const shifted = x!.data[place]! - peak;
        return log ? shifted - Math.log(total) : Math.exp(shifted) / total;
      }),
    ];
  };

const hardmax: Kernel<"Hardmax"> = ({ inputs: [x], attributes }) => {
  const rank = x!.shape.length;
  const axis = (attributes.axis + rank) % rank;
  return [
    nd(x!.shape, (index) => {
      const row = Array.from({ length: x!.shape[axis]! }, (_, k) => at(x!, index.with(axis, k)));
      return bool(row.indexOf(Math.max(...row)) === index[axis]);
    }),
  ];
};

export const ACTIVATIONS_KERNELS: Kernels<ActivationOp> = {
  Erf: unary(erf),
  Gelu: ({ inputs: [x], attributes }) =>
    map(x!, (v) =>
      attributes.approximate === "tanh"
        ? 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))
        : 0.5 * v * (1 + erf(v / Math.SQRT2)),
    ),
  Elu: ({ inputs: [x], attributes }) => map(x!, (v) => (v > 0 ? v : attributes.alpha * Math.expm1(v))),
  LeakyRelu: ({ inputs: [x], attributes }) => map(x!, (v) => (v > 0 ? v : attributes.alpha * v)),
  PRelu: ({ inputs: [x, slope] }) => [
    nd(x!.shape, (index) => (at(x!, index) > 0 ? 1 : broadcastAt(slope!, index)) * at(x!, index)),
  ],
  Softplus: unary((x) => Math.log1p(Math.exp(x))),
  Softsign: unary((x) => x / (1 + Math.abs(x))),
  Hardmax: hardmax,
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Mod: (input) => binary((a, b) => (input.attributes.fmod === 1 ? a % b : a - Math.floor(a / b) * b))(input),
  IsNaN: unary((x) => bool(Number.isNaN(x))),
  IsInf: ({ inputs: [x], attributes }) =>
    map(x!, (v) =>
      bool(
        (v === Infinity && attributes.detect_positive === 1) ||
          (v === -Infinity && attributes.detect_negative === 1),
      ),
    ),
  Xor: binary((a, b) => bool((a !== 0) !== (b !== 0))),
  BitwiseAnd: big((a, b) => a & b),
  BitwiseOr: big((a, b) => a | b),
  BitwiseXor: big((a, b) => a ^ b),
  BitwiseNot: ({ inputs: [x], types }) => {
    const { dtype } = types.input(0);
    return map(x!, (v) => (dtype.startsWith("u") ? 2 ** width(dtype) - 1 - v : -1 - v));
  },
  BitShift: ({ inputs: [a, b], shapes: [shape], attributes, types }) => {
    const bits = width(types.input(0).dtype);
    return [
      nd(shape!, (index) => {
        const [value, by] = [BigInt(broadcastAt(a!, index)), BigInt(broadcastAt(b!, index))];
        return Number(attributes.direction === "LEFT" ? BigInt.asUintN(bits, value << by) : value >> by);
      }),
    ];
  },
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  // Inference: nothing is dropped.
  Dropout: ({ inputs: [x] }) => [x!, nd(x!.shape, () => 1)],
};
