import { int64, nearestSafeInteger, tensor, toNumbers, type DType, type Tensor } from "../tensor/index.js";
import { addDims, productOf, quotientOf, subtractDims } from "./dims.js";
import type { Dim, Node } from "./graph.js";
import { normaliseAxis, ShapeError } from "./infer.js";

/** Types in which exporters compute sizes. */
type SizeType = "int64" | "int32" | "float32" | "float64" | "bool";

/**
 * A tensor whose elements are numbers or names of dimensions. Exporters compute such values with `Shape`, `Gather` and
 * `Concat` to keep the batch open. They are known before anything runs, so the import drops the arithmetic.
 */
export interface ShapeValue {
  readonly dims: readonly Dim[];
  /** 0 for a single number, 1 for a list. */
  readonly rank: 0 | 1;
  readonly dtype: SizeType;
}

/** Longer constants are data, not shapes. */
const LONGEST = 64;
const SIZE_TYPES: ReadonlySet<DType> = new Set<DType>(["int64", "int32", "float32", "float64", "bool"]);

export function shapeValueOf(data: Tensor): ShapeValue | undefined {
  if (!SIZE_TYPES.has(data.dtype) || data.shape.length > 1 || data.data.length > LONGEST) return undefined;
  const numbers = toNumbers(data);
  return {
    dims: data.dtype.startsWith("int") ? numbers.map(nearestSafeInteger) : numbers,
    rank: data.shape.length as 0 | 1,
    dtype: data.dtype as SizeType,
  };
}

/** The shape value as a constant; undefined if an element is a name. */
export function tensorOfShapeValue({ dims, rank, dtype }: ShapeValue): Tensor | undefined {
  if (!dims.every((dim) => typeof dim === "number")) return undefined;
  const shape = rank === 0 ? [] : [dims.length];
  if (dtype === "int64") return int64(shape, dims);
  if (dtype === "int32") return tensor(dtype, shape, Int32Array.from(dims));
  if (dtype === "bool") return tensor(dtype, shape, Uint8Array.from(dims));
  return dtype === "float32"
    ? tensor(dtype, shape, Float32Array.from(dims))
    : tensor(dtype, shape, Float64Array.from(dims));
}

export function isOpenValue({ dims }: ShapeValue): boolean {
  return dims.some((dim) => typeof dim === "string");
}

/**
 * Evaluates a node whose inputs are shape values, at least one of them with an open dimension. Returns undefined if the
 * node is not arithmetic on shapes.
 */
export function evaluateShape(
  node: Pick<Node, "inputs" | "attributes"> & { readonly op: string },
  known: (name: string) => ShapeValue | undefined,
  shapeOf: (name: string) => readonly Dim[] | undefined,
): ShapeValue | undefined {
  if (node.op === "Shape" || node.op === "Size") {
    const shape = shapeOf(node.inputs[0]!);
    if (shape === undefined) return undefined;
    if (node.op === "Size") return { dims: [productOf(shape)], rank: 0, dtype: "int64" };
    const { start = 0, end } = node.attributes as { start?: number; end?: number };
    return { dims: shape.slice(start, end), rank: 1, dtype: "int64" };
  }
  const evaluator = EVALUATORS[node.op];
  if (evaluator === undefined) return undefined;
  const inputs = node.inputs.map((name) => (name === "" ? undefined : known(name)));
  if (inputs.some((value, i) => value === undefined && node.inputs[i] !== "")) return undefined;
  if (!inputs.some((value) => value !== undefined && isOpenValue(value))) return undefined;
  const result = evaluator(inputs, node.attributes);
  return result !== undefined && result.dims.length <= LONGEST ? result : undefined;
}

type Evaluator = (
  inputs: readonly (ShapeValue | undefined)[],
  attributes: Node["attributes"],
) => ShapeValue | undefined;

/** Applies a function element by element; shorter inputs broadcast to the longest. */
const elementwise =
  (
    apply: (dims: readonly Dim[], dtype: SizeType) => Dim | undefined,
    typed: (inputs: readonly ShapeValue[]) => SizeType = ([first]) => first!.dtype,
  ): Evaluator =>
  (given) => {
    const inputs = given as readonly ShapeValue[];
    const dtype = typed(inputs);
    const length = inputs.reduce((most, { dims }) => (dims.length === 1 ? most : dims.length), 1);
    if (inputs.some(({ dims }) => dims.length !== 1 && dims.length !== length)) return undefined;
    const dims: Dim[] = [];
    for (let i = 0; i < length; i++) {
      const dim = apply(
        inputs.map((value) => value.dims[value.dims.length === 1 ? 0 : i]!),
        dtype,
      );
      if (dim === undefined) return undefined;
      if (dtype.startsWith("int") && typeof dim === "number" && !Number.isSafeInteger(dim)) {
        throw new ShapeError(`computes a size of ${dim}`);
      }
      dims.push(dim);
    }
    return { dims, rank: Math.max(...inputs.map(({ rank }) => rank)) as 0 | 1, dtype };
  };

/** A binary operator: computed directly for numbers, and by `open` if an operand is a name. */
const arithmetic = (
  numbers: (a: number, b: number) => number,
  open: (a: Dim, b: Dim) => Dim | undefined,
): Evaluator =>
  elementwise(([a, b], dtype) => {
    if (typeof a !== "number" || typeof b !== "number") return open(a!, b!);
    const value = numbers(a, b);
    return dtype.startsWith("int") ? Math.trunc(value) : value;
  });

const numbers = (value: ShapeValue | undefined): number[] | undefined =>
  value?.dims.every((dim) => typeof dim === "number") === true ? (value.dims as number[]) : undefined;

const same: Evaluator = ([x]) => x;

const EVALUATORS: Readonly<Record<string, Evaluator | undefined>> = {
  Identity: same,
  // Open dimensions are integers.
  Floor: same,
  Ceil: same,
  Round: same,
  Cast: ([x], { to }) =>
    SIZE_TYPES.has(to as DType) && to !== "bool" ? { ...x!, dtype: to as SizeType } : undefined,
  Gather: ([x, indices]) => {
    const at = numbers(indices);
    if (at === undefined || x!.rank === 0) return undefined;
    return {
      ...x!,
      dims: at.map((i) => x!.dims[normaliseAxis(i, x!.dims.length)]!),
      rank: indices!.rank,
    };
  },
  Concat: (inputs) => ({ ...inputs[0]!, dims: inputs.flatMap((value) => value!.dims), rank: 1 }),
  Unsqueeze: ([x]) => (x!.rank === 0 ? { ...x!, rank: 1 } : undefined),
  Squeeze: ([x]) => (x!.dims.length === 1 ? { ...x!, rank: 0 } : undefined),
  Reshape: ([x, shape]) => {
    const target = numbers(shape);
    const fits =
      target?.length === 0 ? x!.dims.length === 1 : [-1, x!.dims.length].includes(target?.[0] ?? NaN);
    return fits && target!.length <= 1 ? { ...x!, rank: target!.length as 0 | 1 } : undefined;
  },
  Slice: ([x, starts, ends, axes, steps]) => {
    const [start, end] = [numbers(starts)?.[0], numbers(ends)?.[0]];
    const step = steps === undefined ? 1 : numbers(steps)?.[0];
    if (start === undefined || end === undefined || step !== 1 || (axes?.dims[0] ?? 0) !== 0)
      return undefined;
    return { ...x!, dims: x!.dims.slice(start, end), rank: 1 };
  },
  Add: arithmetic((a, b) => a + b, addDims),
  Sub: arithmetic((a, b) => a - b, subtractDims),
  Mul: arithmetic((a, b) => a * b, product),
  Div: arithmetic((a, b) => a / b, quotientOf),
  Mod: arithmetic(
    (a, b) => a % b,
    (a, b) => (quotientOf(a, b) === undefined ? undefined : 0),
  ),
  ReduceProd: ([x], { keepdims = 1 }) => ({
    ...x!,
    dims: [productOf(x!.dims)],
    rank: keepdims === 1 ? 1 : 0,
  }),
  /** An open dimension equals no negative number. */
  Equal: elementwise(
    ([a, b]) => {
      if (a === b) return 1;
      if (typeof a === typeof b) return typeof a === "number" ? 0 : undefined;
      return [a, b].some((dim) => typeof dim === "number" && dim < 0) ? 0 : undefined;
    },
    () => "bool",
  ),
  Where: elementwise(
    ([condition, yes, no]) => (typeof condition === "number" ? (condition === 0 ? no : yes) : undefined),
    ([, yes]) => yes!.dtype,
  ),
};

/** The product of open dimensions and non-negative integers; undefined for other factors. */
function product(a: Dim, b: Dim): Dim | undefined {
  const isFactor = (dim: Dim): boolean => typeof dim === "string" || (Number.isSafeInteger(dim) && dim >= 0);
  return isFactor(a) && isFactor(b) ? productOf([a, b]) : undefined;
}

/**
 * The target of a Reshape with its open dimensions written as 0 (the same axis of the input) or −1 (the one that is
 * left). Returns undefined if they cannot be written this way.
 */
export function reshapeTarget(target: readonly Dim[], from: readonly Dim[]): number[] | undefined {
  const written = target.map((dim, axis) => (typeof dim === "string" && from[axis] === dim ? 0 : dim));
  const symbols = written.filter((dim) => typeof dim === "string").length;
  if (symbols === 0) return written as number[];
  if (symbols > 1 || written.includes(-1)) return undefined;
  return written.map((dim) => (typeof dim === "string" ? -1 : dim));
}
