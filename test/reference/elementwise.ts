import type { ElementwiseOp } from "../../src/graph/index.js";
import { broadcastAt, nd } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";

export const unary =
  (f: (x: number) => number): Kernel =>
  ({ inputs: [x] }) => [{ shape: x!.shape, data: x!.data.map(f) }];

export const binary =
  (f: (a: number, b: number) => number): Kernel =>
  ({ inputs: [a, b], shapes: [shape] }) => [
    nd(shape!, (index) => f(broadcastAt(a!, index), broadcastAt(b!, index))),
  ];

const fold =
  (f: (a: number, b: number) => number): Kernel =>
  ({ inputs, shapes: [shape] }) => [
    nd(shape!, (index) => inputs.map((x) => broadcastAt(x!, index)).reduce((a, b) => f(a, b))),
  ];

export const bool = (value: boolean): number => (value ? 1 : 0);

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

export const ELEMENTWISE_KERNELS: Kernels<ElementwiseOp> = {
  Identity: unary((x) => x),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Round: unary(roundHalfToEven),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(0, x)),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Tanh: unary(Math.tanh),
  Not: unary((x) => bool(x === 0)),
  HardSigmoid: ({ inputs: [x], attributes }) => {
    const [alpha, beta] = [attributes.alpha, attributes.beta];
    return [{ shape: x!.shape, data: x!.data.map((v) => Math.max(0, Math.min(1, alpha * v + beta))) }];
  },
  Cast: ({ inputs: [x], attributes }) => {
    const to = attributes.to;
    const f =
      to === "bool" ? (v: number) => bool(v !== 0) : to.includes("int") ? Math.trunc : (v: number) => v;
    return [{ shape: x!.shape, data: x!.data.map((v) => f(v)) }];
  },
  Clip: ({ inputs: [x, low, high] }) => [
    {
      shape: x!.shape,
      data: x!.data.map((v) => Math.min(high?.data[0] ?? Infinity, Math.max(low?.data[0] ?? -Infinity, v))),
    },
  ],
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: (input) => binary((a, b) => (input.integer ? Math.trunc(a / b) : a / b))(input),
  Pow: binary((a, b) => a ** b),
  Max: fold(Math.max),
  Min: fold(Math.min),
  Sum: fold((a, b) => a + b),
  Equal: binary((a, b) => bool(a === b)),
  Greater: binary((a, b) => bool(a > b)),
  GreaterOrEqual: binary((a, b) => bool(a >= b)),
  Less: binary((a, b) => bool(a < b)),
  LessOrEqual: binary((a, b) => bool(a <= b)),
  And: binary((a, b) => bool(a !== 0 && b !== 0)),
  Or: binary((a, b) => bool(a !== 0 || b !== 0)),
  Where: ({ inputs: [condition, a, b], shapes: [shape] }) => [
    nd(shape!, (index) =>
      broadcastAt(condition!, index) !== 0 ? broadcastAt(a!, index) : broadcastAt(b!, index),
    ),
  ],
};
