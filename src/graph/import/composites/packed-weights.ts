/** Products with constant weights of a few bits each, scaled in blocks: how Hugging Face's q4 and bnb4 files are written. */
import { float32, sizeOf, toNumbers } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "../raise.js";

type G = RaiseContext["g"];
type V = Value<Dim>;

function constantOf(g: G, value: V | undefined, what: string): readonly number[] {
  const data = value && g.constantOf(value);
  if (data === undefined) throw new Unsupported(`${what} must be known before running`);
  return toNumbers(data);
}

/** Throws unless a list has at least as many elements as are read from it. */
function checkLength(list: readonly number[], least: number, what: string): void {
  if (list.length < least) throw new Unsupported(`has ${list.length} ${what}, expected ${least}`);
}

/** y = x Wᵀ + b of a weight `[outputs, inputs]` given by its elements. */
function product(
  g: G,
  [x, bias]: readonly [V, V | undefined],
  [outputs, inputs]: readonly [number, number],
  element: (row: number, column: number) => number,
): V {
  const weight = new Float32Array(sizeOf([inputs, outputs]));
  for (let row = 0; row < outputs; row++) {
    for (let column = 0; column < inputs; column++) weight[column * outputs + row] = element(row, column);
  }
  const y = g.op("MatMul", [x, g.constant(float32([inputs, outputs], weight))]);
  return bias === undefined ? y : g.op("Add", [y, bias]);
}

/**
 * w = s (q − z), one scale s and zero point z for each block of a row. Numbers q of 2, 4 or 8 bits are packed into
 * bytes, the first in the lowest bits; each row's zero points as well, unless they are floats. `g_idx` names the block of
 * each column, in order by default.
 */
const matMulNBits = raise({
  attributes: {
    K: { kind: "int", required: true },
    N: { kind: "int", required: true },
    bits: { kind: "int", default: 4 },
    block_size: { kind: "int", required: true },
    accuracy_level: { kind: "int" },
    weight_prepacked: { kind: "int", default: 0 },
  },
  emit: ({ g, inputs, attributes: { K, N, bits, block_size: size, weight_prepacked: prepacked } }) => {
    const [x, packed, scale, zero, order, bias] = inputs;
    if (![2, 4, 8].includes(bits) || size < 1 || K < 1 || N < 1) {
      throw new Unsupported(`has ${bits} bits in blocks of ${size}`);
    }
    if (prepacked !== 0) throw new Unsupported("its weights are packed for one kind of GPU");
    const blocks = Math.ceil(K / size);
    const perByte = 8 / bits;
    const rowBytes = blocks * Math.ceil(size / perByte);
    const zeroBytes = Math.ceil(blocks / perByte);
    const bytes = constantOf(g, packed, "its weights");
    const scales = constantOf(g, scale, "its scales");
    const zeros = zero && constantOf(g, zero, "its zero points");
    const blockOf = order && constantOf(g, order, "its order");
    checkLength(bytes, N * rowBytes, "bytes of weights");
    checkLength(scales, N * blocks, "scales");
    const isFloat = zero?.dtype === "float32";
    if (zeros) checkLength(zeros, N * (isFloat ? blocks : zeroBytes), "zero points");
    if (blockOf) checkLength(blockOf, K, "block numbers");
    const part = (list: readonly number[], start: number, i: number): number =>
      (list[start + Math.floor(i / perByte)]! >> (bits * (i % perByte))) & (2 ** bits - 1);
    const zeroOf = (row: number, block: number): number => {
      if (zeros === undefined) return 2 ** (bits - 1);
      return isFloat ? zeros[row * blocks + block]! : part(zeros, row * zeroBytes, block);
    };
    const element = (row: number, column: number): number => {
      const block = blockOf?.[column] ?? Math.floor(column / size);
      return scales[row * blocks + block]! * (part(bytes, row * rowBytes, column) - zeroOf(row, block));
    };
    return [product(g, [x!, bias], [N, K], element)];
  },
});

/** bitsandbytes' 4-bit floats: a sign and three bits. */
const FP4 = [0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4];
/** Quantiles of a normal distribution (Dettmers et al. 2023, arXiv:2305.14314, appendix E). */
const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];

/** w = a · table[q], one factor a for each block of the flattened weight. The first number is in a byte's high half. */
const matMulBnb4 = raise({
  attributes: {
    K: { kind: "int", required: true },
    N: { kind: "int", required: true },
    block_size: { kind: "int", required: true },
    quant_type: { kind: "int", required: true },
    training_mode: { kind: "int" },
    transB: { kind: "int", default: 1 },
  },
  emit: ({
    g,
    inputs: [x, packed, factor],
    attributes: { K, N, block_size: size, quant_type: type, transB },
  }) => {
    if (transB !== 1 || size < 1 || K < 1 || N < 1 || (type !== 0 && type !== 1)) {
      throw new Unsupported(`has quant_type ${type} in blocks of ${size}, transB ${transB}`);
    }
    const table = type === 1 ? NF4 : [...FP4, ...FP4.map((value) => -value)];
    const bytes = constantOf(g, packed, "its weights");
    const factors = constantOf(g, factor, "its factors");
    checkLength(bytes, Math.ceil((N * K) / 2), "bytes of weights");
    checkLength(factors, Math.ceil((N * K) / size), "factors");
    const element = (row: number, column: number): number => {
      const i = row * K + column;
      const index = i % 2 === 0 ? bytes[i >> 1]! >> 4 : bytes[i >> 1]! & 15;
      return factors[Math.floor(i / size)]! * table[index]!;
    };
    return [product(g, [x!, undefined], [N, K], element)];
  },
});

export const PACKED_WEIGHTS: Readonly<Record<string, Raise>> = {
  "com.microsoft.MatMulNBits": matMulNBits,
  "com.microsoft.MatMulBnb4": matMulBnb4,
};
