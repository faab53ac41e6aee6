import {
  arrayConstructor,
  sizeOf,
  stridesOf,
  tensor,
  toNumbers,
  type DataOf,
  type DType,
  type Tensor,
} from "../../tensor/index.js";
import { sliceBounds } from "../catalogue/shaping.js";
import type { Node } from "../graph.js";
import type { OutputType } from "../infer.js";

type Data = DataOf<DType>;
interface Case {
  readonly node: Node;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly type: OutputType;
  readonly shape: readonly number[];
}

/**
 * The outputs of a node whose inputs are all known, in the element type of the graph;
 * undefined for an op that is not evaluated before running.
 *
 * `shapeOfInput` stands for the input of a `Shape` node.
 */
export function evaluateConstant(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  types: readonly OutputType[],
  shapeOfInput: readonly number[] | undefined,
): readonly Tensor[] | undefined {
  const type = types[0]!;
  const made = (data: Data): readonly Tensor[] => [tensor(type.dtype, type.shape as number[], data as never)];
  if (node.op === "Shape") {
    const { start = 0, end } = node.attributes as { start?: number; end?: number };
    return shapeOfInput && made(BigInt64Array.from(shapeOfInput.slice(start, end), BigInt));
  }
  const evaluator = EVALUATORS[node.op];
  if (evaluator === undefined || inputs.some((input) => input && !isPlain(input.dtype))) return undefined;
  return made(evaluator({ node, inputs, type, shape: type.shape as number[] }));
}

/** Types whose array elements are the numbers themselves. */
function isPlain(dtype: DType): boolean {
  return dtype !== "float16" && dtype !== "bfloat16";
}

const EVALUATORS: Readonly<Record<string, (c: Case) => Data>> = {
  Identity: ({ inputs }) => inputs[0]!.data,
  Reshape: ({ inputs }) => inputs[0]!.data,
  Flatten: ({ inputs }) => inputs[0]!.data,
  Squeeze: ({ inputs }) => inputs[0]!.data,
  Unsqueeze: ({ inputs }) => inputs[0]!.data,
  Cast: ({ inputs, type }) => cast(inputs[0]!, type.dtype),
  ConstantOfShape: ({ node, shape, type }) => {
    const value = node.attributes["value"] as Tensor | undefined;
    return filled(type.dtype, sizeOf(shape), value?.data[0] ?? 0);
  },
  Transpose: ({ node, inputs, shape }) => {
    const from = inputs[0]!;
    const perm =
      (node.attributes["perm"] as number[] | undefined) ??
      from.shape.map((_, i) => from.shape.length - 1 - i);
    const strides = stridesOf(from.shape);
    return strided(
      from,
      shape,
      perm.map((axis) => strides[axis]!),
      0,
    );
  },
  Expand: ({ inputs, shape }) => strided(inputs[0]!, shape, broadcastStrides(inputs[0]!.shape, shape), 0),
  Slice: slice,
  Gather: gather,
  Concat: concat,
  Add: binary(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: binary(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: binary(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Div: binary(
    (a, b) => a / b,
    (a, b) => a / b,
  ),
  Equal: binary(
    (a, b) => Number(a === b),
    (a, b) => BigInt(a === b),
  ),
  Neg: unary((x) => -x),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Where: ({ inputs, shape, type }) => {
    const [condition, yes, no] = inputs.map((input) =>
      strided(input!, shape, broadcastStrides(input!.shape, shape), 0),
    );
    const out = filled(type.dtype, sizeOf(shape), 0);
    for (let i = 0; i < out.length; i++) out[i] = (condition![i] ? yes : no)![i]!;
    return out;
  },
};

function filled(dtype: DType, length: number, value: number | bigint): Data {
  const data = new (arrayConstructor(dtype))(length) as Data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return data.fill(BigInt(value));
  return data.fill(Number(value));
}

function cast(from: Tensor, to: DType): Data {
  const numbers = toNumbers(from);
  const data = filled(to, numbers.length, 0);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(Math.trunc(value));
    else data[i] = to === "bool" ? Number(value !== 0) : value;
  }
  return data;
}

/** Copies elements at `offset + Σ indexₐ · stridesₐ` into a fresh array of `shape`. */
function strided(from: Tensor, shape: readonly number[], strides: readonly number[], offset: number): Data {
  if (from.data instanceof Float32Array) return stridedFloats(from.data, shape, strides, offset);
  const out = filled(from.dtype, sizeOf(shape), 0);
  const source = from.data;
  const rank = shape.length;
  const index = shape.map(() => 0);
  let position = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = source[position]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * {@link strided} for what weights are made of: tens of millions of elements for each batch of adversarial
 * training. Axes that lie one after the other in the source are copied as one run.
 */
function stridedFloats(
  source: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  const axes: { length: number; stride: number }[] = [];
  shape.forEach((length, axis) => {
    const stride = strides[axis]!;
    const last = axes.at(-1);
    if (last !== undefined && last.stride === length * stride)
      axes[axes.length - 1] = { length: last.length * length, stride };
    else if (length !== 1) axes.push({ length, stride });
  });
  const { length: run, stride: step } = axes.pop() ?? { length: 1, stride: 1 };
  const index = axes.map(() => 0);
  let position = offset;
  for (let start = 0; start < out.length; start += run) {
    for (let i = 0, from = position; i < run; i++, from += step) out[start + i] = source[from]!;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { length, stride } = axes[axis]!;
      position += stride;
      if (++index[axis]! < length) break;
      position -= stride * length;
      index[axis] = 0;
    }
  }
  return out;
}

function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

function slice({ inputs, shape }: Case): Data {
  const from = inputs[0]!;
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => (inputs[i] ? toNumbers(inputs[i]) : undefined));
  const strides = stridesOf(from.shape);
  let offset = 0;
  starts!.forEach((start, i) => {
    const given = axes?.[i] ?? i;
    const axis = given < 0 ? given + from.shape.length : given;
    const step = steps?.[i] ?? 1;
    offset += sliceBounds(from.shape[axis]!, start, ends![i]!, step)[0] * strides[axis]!;
    strides[axis]! *= step;
  });
  return strided(from, shape, strides, offset);
}

function gather({ node, inputs, shape, type }: Case): Data {
  const from = inputs[0]!;
  const given = (node.attributes["axis"] as number | undefined) ?? 0;
  const axis = given < 0 ? given + from.shape.length : given;
  const length = from.shape[axis]!;
  const indices = toNumbers(inputs[1]!).map((index) => (index < 0 ? index + length : index));
  const inner = sizeOf(from.shape.slice(axis + 1));
  const outer = sizeOf(from.shape.slice(0, axis));
  const out = filled(type.dtype, sizeOf(shape), 0);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = (o * length + index) * inner;
      out.set(from.data.subarray(start, start + inner) as never, at);
      at += inner;
    }
  }
  return out;
}

function concat({ node, inputs, shape, type }: Case): Data {
  const axis = node.attributes["axis"] as number;
  const at = axis < 0 ? axis + shape.length : axis;
  const outer = sizeOf(shape.slice(0, at));
  const out = filled(type.dtype, sizeOf(shape), 0);
  let position = 0;
  for (let o = 0; o < outer; o++) {
    for (const input of inputs) {
      const chunk = input!.data.length / outer;
      out.set(input!.data.subarray(o * chunk, (o + 1) * chunk) as never, position);
      position += chunk;
    }
  }
  return out;
}

function unary(apply: (x: number) => number): (c: Case) => Data {
  return ({ inputs, type }) => {
    const source = inputs[0]!.data;
    const out = filled(type.dtype, source.length, 0);
    for (let i = 0; i < source.length; i++) {
      const value = source[i]!;
      out[i] = (typeof value === "bigint" ? BigInt(Math.trunc(apply(Number(value)))) : apply(value)) as never;
    }
    return out;
  };
}

function binary(
  numbers: (a: number, b: number) => number,
  bigints: (a: bigint, b: bigint) => bigint,
): (c: Case) => Data {
  return ({ inputs, shape, type }) => {
    const [a, b] = [inputs[0]!, inputs[1]!].map((input) =>
      input.shape.join() === shape.join()
        ? input.data
        : strided(input, shape, broadcastStrides(input.shape, shape), 0),
    ) as [Data, Data];
    const out = filled(type.dtype, sizeOf(shape), 0);
    const big = typeof a[0] === "bigint";
    for (let i = 0; i < out.length; i++) {
      const value = big ? bigints(a[i] as bigint, b[i] as bigint) : numbers(a[i] as number, b[i] as number);
      out[i] = (type.dtype === "bool" ? Number(value) : value) as never;
    }
    return out;
  };
}
