import {
  sizeOf,
  stridesOf,
  isFloat,
  tensor,
  toNumbers,
  type DType,
  type Tensor,
} from "../../tensor/index.js";
import { attributesOf, isNode, type OpType } from "../catalogue/index.js";
import { sliceBounds } from "../catalogue/shaping.js";
import { axesOf } from "../catalogue/reduction.js";
import type { Node } from "../graph.js";
import { ShapeError, type OutputType } from "../infer.js";
import {
  binary,
  broadcastStrides,
  filled,
  strided,
  unary,
  type Case,
  type Data,
} from "./evaluate-elements.js";
import { INDEXING_EVALUATORS, split } from "./evaluate-indexing.js";

/**
 * Evaluates a node whose inputs are all known. The outputs have the element types of the graph. Returns undefined for
 * an op that is never evaluated before running.
 *
 * `shapeOfInput` replaces the input of a `Shape` node. Ops whose rounding only comes close to ONNX Runtime's are
 * evaluated only with `isRounded`.
 */
export function evaluateConstant(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  types: readonly OutputType[],
  shapeOfInput: readonly number[] | undefined,
  { isRounded = false }: { readonly isRounded?: boolean } = {},
): readonly Tensor[] | undefined {
  const type = types[0]!;
  const made = (data: Data): readonly Tensor[] => [tensor(type.dtype, type.shape as number[], data as never)];
  if (isNode(node, "Shape")) {
    const { start, end } = attributesOf(node);
    return shapeOfInput && made(BigInt64Array.from(shapeOfInput.slice(start, end), BigInt));
  }
  if (isNode(node, "Size")) return shapeOfInput && made(BigInt64Array.of(BigInt(sizeOf(shapeOfInput))));
  const exact = isRounded || inputs.every((input) => input === undefined || isWhole(input.dtype));
  const evaluator = (EVALUATORS[node.op] ?? (exact ? WHOLE_EVALUATORS[node.op] : undefined)) as
    ((c: Case) => Data) | undefined;
  if (evaluator === undefined || inputs.some((input) => input && !isPlain(input.dtype))) return undefined;
  try {
    if (isNode(node, "Split")) return pieces(node, inputs, types);
    return made(evaluator({ node, inputs, type, shape: type.shape as number[] }));
  } catch (error) {
    // Division by zero, a NaN cast to an integer, or an array too large for memory.
    if (!(error instanceof RangeError)) throw error;
    throw new ShapeError(`its value is invalid: ${error.message}`, `node "${node.name}" (${node.op})`);
  }
}

function isWhole(dtype: DType): boolean {
  return !isFloat(dtype);
}

/** Whether the array elements of a type are the numbers themselves, not bit patterns. */
function isPlain(dtype: DType): boolean {
  return dtype !== "float16" && dtype !== "bfloat16";
}

function pieces(
  node: Node<"Split">,
  inputs: readonly (Tensor | undefined)[],
  types: readonly OutputType[],
): readonly Tensor[] {
  const shapes = types.map(({ shape }) => shape as readonly number[]);
  const { axis } = attributesOf(node);
  const from = { node, inputs, type: types[0]!, shape: shapes[0]! };
  return split(from, axis < 0 ? axis + shapes[0]!.length : axis, shapes).map((data, i) =>
    tensor(types[i]!.dtype, shapes[i]!, data as never),
  );
}

const compare = (holds: (a: number | bigint, b: number | bigint) => boolean): ((c: Case) => Data) =>
  binary(
    (a, b) => Number(holds(a, b)),
    (a, b) => BigInt(holds(a, b)),
  );

/** The remainder with the sign of the dividend. */
const fmod = binary(
  (a, b) => a % b,
  (a, b) => a % b,
);
/** The remainder with the sign of the divisor. */
const floorMod = binary(
  (a, b) => a - Math.floor(a / b) * b,
  (a, b) => ((a % b) + b) % b,
);

type Evaluators = { readonly [Op in OpType]?: (c: Case<Op>) => Data };

const EVALUATORS: Evaluators = {
  ...INDEXING_EVALUATORS,
  Identity: ({ inputs }) => inputs[0]!.data,
  Reshape: ({ inputs }) => inputs[0]!.data,
  Flatten: ({ inputs }) => inputs[0]!.data,
  Squeeze: ({ inputs }) => inputs[0]!.data,
  Unsqueeze: ({ inputs }) => inputs[0]!.data,
  Cast: ({ inputs, type }) => cast(inputs[0]!, type.dtype),
  ConstantOfShape: ({ node, shape, type }) => {
    const { value } = attributesOf(node);
    return filled(type.dtype, sizeOf(shape), value?.data[0] ?? 0);
  },
  Transpose: ({ node, inputs, shape }) => {
    const from = inputs[0]!;
    const { perm = from.shape.map((_, i) => from.shape.length - 1 - i) } = attributesOf(node);
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
  /** Its pieces are made together. */
  Split: ({ inputs }) => inputs[0]!.data,
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
  Mod: ({ node, ...c }) => (attributesOf(node).fmod === 1 ? fmod : floorMod)({ node, ...c }),
  Equal: compare((a, b) => a === b),
  Neg: unary((x) => -x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
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

const choose = (second: (a: number | bigint, b: number | bigint) => boolean): ((c: Case) => Data) =>
  binary(
    (a, b) => (second(a, b) ? b : a),
    (a, b) => (second(a, b) ? b : a),
  );

const largest = pairwise(choose((a, b) => b > a));
const smallest = pairwise(choose((a, b) => b < a));

/**
 * Ops that exporters compute with integers and booleans. Floats are left to ONNX Runtime, whose rounding may differ.
 */
const WHOLE_EVALUATORS: Evaluators = {
  Not: unary((x) => Number(x === 0)),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  And: binary(
    (a, b) => Number(a !== 0 && b !== 0),
    (a, b) => a & b,
  ),
  Or: binary(
    (a, b) => Number(a !== 0 || b !== 0),
    (a, b) => a | b,
  ),
  Xor: binary(
    (a, b) => Number((a !== 0) !== (b !== 0)),
    (a, b) => a ^ b,
  ),
  BitwiseAnd: binary(
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  BitwiseOr: binary(
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  BitwiseXor: binary(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  Max: largest,
  Min: smallest,
  /** The upper bound is applied last, so it wins if the bounds cross. */
  Clip: (c) => {
    const [x, low, high] = c.inputs as readonly [Tensor, Tensor | undefined, Tensor | undefined];
    const raised = low === undefined ? x.data : largest({ ...c, inputs: [x, low] });
    if (high === undefined) return raised;
    return smallest({ ...c, inputs: [tensor(c.type.dtype, c.shape, raised as never), high] });
  },
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Round: unary((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))),
  Pow: binary(
    (a, b) => a ** b,
    (a, b) => a ** b,
  ),
  Sum: pairwise(
    binary(
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  ),
  ReduceSum: reduction((a, b) => (a as number) + (b as number)),
  ReduceProd: reduction((a, b) => (a as number) * (b as number)),
  ReduceMax: reduction((a, b) => (b > a ? b : a)),
  ReduceMin: reduction((a, b) => (b < a ? b : a)),
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
};

/** Reduces elements one after the other. */
function reduction(
  combine: (a: number | bigint, b: number | bigint) => number | bigint,
): (c: Case<"ReduceSum" | "ReduceProd" | "ReduceMax" | "ReduceMin">) => Data {
  return ({ node, inputs, type }) => {
    const [from, given] = [inputs[0]!, inputs[1]];
    const { noop_with_empty_axes: noop } = attributesOf(node);
    const axes = axesOf(given === undefined ? [] : toNumbers(given), from.shape.length, noop === 1);
    const perm = [...from.shape.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)));
    const strides = stridesOf(from.shape);
    const order = perm.map((axis) => from.shape[axis]!);
    const rows = strided(
      from,
      order,
      perm.map((axis) => strides[axis]!),
      0,
    );
    const length = sizeOf(axes.map((axis) => from.shape[axis]!));
    const out = filled(type.dtype, rows.length / length, 0);
    if (length === 0) throw new RangeError("it reduces over no elements");
    for (let i = 0; i < out.length; i++) {
      let total: number | bigint = rows[i * length]!;
      for (let j = 1; j < length; j++) total = combine(total, rows[i * length + j]!);
      out[i] = total as never;
    }
    return out;
  };
}

/** Applies a binary operator to any number of inputs, from left to right. */
function pairwise(apply: (c: Case) => Data): (c: Case) => Data {
  return (c) => {
    const [first, ...rest] = c.inputs as readonly Tensor[];
    const { dtype } = c.type;
    const start = strided(first!, c.shape, broadcastStrides(first!.shape, c.shape), 0);
    return rest.reduce<Data>(
      (total, next) => apply({ ...c, inputs: [tensor(dtype, c.shape, total as never), next] }),
      start,
    );
  };
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

function slice({ inputs, shape }: Case<"Slice">): Data {
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

function gather({ node, inputs, shape, type }: Case<"Gather">): Data {
  const from = inputs[0]!;
  const { axis: given } = attributesOf(node);
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

function concat({ node, inputs, shape, type }: Case<"Concat">): Data {
  const { axis } = attributesOf(node);
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
