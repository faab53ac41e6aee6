import { int64, nearestSafeInteger, toNumbers, type Tensor } from "../../tensor/index.js";
import { normaliseAxis, ShapeError } from "../infer.js";
import type { Dim, Value } from "../graph.js";
import type { RawNode } from "./raise.js";

/**
 * Integer tensors of which each element is a number or the name of a dimension: what an
 * exporter computes with `Shape`, `Gather` and `Concat` to keep the batch free. Known before
 * anything runs, so the arithmetic vanishes on import.
 */
export interface ShapeValue {
  readonly dims: readonly Dim[];
  /** [] for a single number, else [length]. */
  readonly rank: 0 | 1;
}

/** Longer integer constants are data. */
const LONGEST = 64;

export function shapeValueOf(data: Tensor): ShapeValue | undefined {
  if ((data.dtype !== "int64" && data.dtype !== "int32") || data.shape.length > 1) return undefined;
  if (data.data.length > LONGEST) return undefined;
  return { dims: toNumbers(data).map(nearestSafeInteger), rank: data.shape.length as 0 | 1 };
}

/** As a constant, when every element is a number. */
export function tensorOfShapeValue({ dims, rank }: ShapeValue): Tensor | undefined {
  if (!dims.every((dim) => typeof dim === "number")) return undefined;
  return int64(rank === 0 ? [] : [dims.length], dims);
}

/**
 * The output of a node as a shape value, where its inputs are; undefined when it is not
 * arithmetic on shapes.
 */
export function evaluateShape(
  node: RawNode,
  known: (name: string) => ShapeValue | undefined,
  typeOf: (name: string) => Value<Dim> | undefined,
): ShapeValue | undefined {
  if (node.op === "Shape") {
    const shape = typeOf(node.inputs[0]!)?.shape;
    if (shape === undefined) return undefined;
    const { start = 0, end } = node.attributes as { start?: number; end?: number };
    return { dims: shape.slice(start, end), rank: 1 };
  }
  const inputs = node.inputs.map((name) => (name === "" ? undefined : known(name)));
  if (inputs[0] === undefined) return undefined;
  if (inputs.some((value, i) => value === undefined && node.inputs[i] !== "")) return undefined;
  const result = EVALUATORS[node.op]?.(inputs as ShapeValue[], node.attributes);
  return result !== undefined && result.dims.length <= LONGEST ? result : undefined;
}

type Evaluator = (inputs: readonly ShapeValue[], attributes: RawNode["attributes"]) => ShapeValue | undefined;

const arithmetic =
  (apply: (a: number, b: number) => number): Evaluator =>
  ([a, b]) => {
    const length = Math.max(a!.dims.length, b!.dims.length);
    const at = (value: ShapeValue, i: number): Dim => value.dims[value.dims.length === 1 ? 0 : i]!;
    const dims: Dim[] = [];
    for (let i = 0; i < length; i++) {
      const [x, y] = [at(a!, i), at(b!, i)];
      if (typeof x !== "number" || typeof y !== "number") return undefined;
      const value = apply(x, y);
      if (!Number.isSafeInteger(value))
        throw new ShapeError(`computes a size of ${value} from ${x} and ${y}`);
      dims.push(value);
    }
    return { dims, rank: Math.max(a!.rank, b!.rank) as 0 | 1 };
  };

const numbers = (value: ShapeValue | undefined): number[] | undefined =>
  value?.dims.every((dim) => typeof dim === "number") === true ? (value.dims as number[]) : undefined;

const EVALUATORS: Readonly<Record<string, Evaluator | undefined>> = {
  Identity: ([x]) => x,
  Cast: ([x], { to }) => (to === "int64" || to === "int32" ? x : undefined),
  Gather: ([x, indices]) => {
    const at = numbers(indices);
    if (at === undefined || x!.rank === 0) return undefined;
    return { dims: at.map((i) => x!.dims[normaliseAxis(i, x!.dims.length)]!), rank: indices!.rank };
  },
  Concat: (inputs) => ({ dims: inputs.flatMap(({ dims }) => dims), rank: 1 }),
  Unsqueeze: ([x]) => (x!.rank === 0 ? { dims: x!.dims, rank: 1 } : undefined),
  Squeeze: ([x]) => (x!.dims.length === 1 ? { dims: x!.dims, rank: 0 } : undefined),
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
    return { dims: x!.dims.slice(start, end), rank: 1 };
  },
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
};

/**
 * The target of a Reshape with its symbolic elements written as 0 (the same axis of the
 * input) or −1 (the one that is left over); undefined when neither says it.
 */
export function reshapeTarget(target: readonly Dim[], from: readonly Dim[]): number[] | undefined {
  const written = target.map((dim, axis) => (typeof dim === "string" && from[axis] === dim ? 0 : dim));
  const symbols = written.filter((dim) => typeof dim === "string").length;
  if (symbols === 0) return written as number[];
  if (symbols > 1 || written.includes(-1)) return undefined;
  return written.map((dim) => (typeof dim === "string" ? -1 : dim));
}
