import type { DType, Tensor } from "../tensor/index.js";
import type { Attributes, AttributeValue, Dim } from "./graph.js";

/** What an op's shape rule sees of one input. */
export interface InputType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** The value itself when it is known before running (shapes, axes, pads). */
  readonly constant: Tensor | undefined;
}

export interface OutputType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Thrown by shape rules; whoever applies the rule adds the node's name. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/** Typed access to a node's inputs and attributes for a shape rule. */
export interface InferContext {
  /** Input `index`, which must be present. */
  input(index: number): InputType;
  /** Input `index`, or undefined when absent. */
  optional(index: number): InputType | undefined;
  /** Constant int64/int32 input as numbers; `what` names it in the error. */
  constantInts(index: number, what: string): readonly number[];
  readonly inputCount: number;
  readonly outputCount: number;
  int(name: string): number;
  float(name: string): number;
  string(name: string): string;
  /** Absent list attributes are undefined unless the catalogue has a default. */
  ints(name: string): readonly number[] | undefined;
  attribute(name: string): AttributeValue | undefined;
}

export type InferRule = (context: InferContext) => readonly OutputType[];

export type AttributeKind = "int" | "float" | "string" | "ints" | "floats" | "strings" | "tensor";

export interface AttributeSpec {
  readonly kind: AttributeKind;
  readonly default?: number | string | readonly number[];
  readonly required?: boolean;
}

/** One row of the op catalogue. */
export interface OpSpec {
  /** Least and greatest number of inputs (Infinity when variadic). */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** Outputs that must be named even when nobody reads them, where the attributes decide it. */
  readonly obligatoryOutputs?: (attributes: Attributes) => number;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly infer: InferRule;
}

export function inferContext(
  inputs: readonly (InputType | undefined)[],
  outputCount: number,
  attributes: Attributes,
  spec: OpSpec,
): InferContext {
  const attribute = (name: string): AttributeValue | undefined =>
    Object.hasOwn(attributes, name) ? attributes[name] : spec.attributes[name]?.default;
  const required = (name: string): AttributeValue => {
    const value = attribute(name);
    if (value === undefined) throw new ShapeError(`attribute "${name}" is missing`);
    return value;
  };
  const input = (index: number): InputType => {
    const type = inputs[index];
    if (type === undefined) throw new ShapeError(`input ${index} is missing`);
    return type;
  };
  return {
    input,
    optional: (index) => inputs[index],
    constantInts(index, what) {
      const { constant } = input(index);
      if (constant === undefined) {
        throw new ShapeError(`${what} (input ${index}) must be known before running`);
      }
      return Array.from(constant.data as ArrayLike<number | bigint>, Number);
    },
    inputCount: inputs.length,
    outputCount,
    int: (name) => required(name) as number,
    float: (name) => required(name) as number,
    string: (name) => required(name) as string,
    ints: (name) => attribute(name) as readonly number[] | undefined,
    attribute,
  };
}

/** Multidirectional (NumPy) broadcasting of shapes. */
export function broadcastShapes(...shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[axis - rank + shape.length];
      if (dim === undefined || dim === 1 || dim === result) continue;
      if (result !== 1) {
        throw new ShapeError(
          `shapes ${shapes.map((s) => `[${s.join(", ")}]`).join(" and ")} do not broadcast`,
        );
      }
      result = dim;
    }
    return result;
  });
}

/** Axis in [−rank, rank) → [0, rank). */
export function normaliseAxis(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`axis ${axis} is outside a tensor of ${rank} dimensions`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Dimension as a number. */
export function known(dim: Dim | undefined, what: string): number {
  if (typeof dim !== "number") throw new ShapeError(`${what} must be a known number, found "${dim}"`);
  return dim;
}
