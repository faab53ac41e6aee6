import { nearestSafeInteger, type DType, type Tensor } from "../tensor/index.js";
import { readAttributes, type AttributeSpecs, type Read } from "./attributes.js";
import type { Attributes, Dim, Node } from "./graph.js";
import { ShapeError } from "./shape-error.js";

export { ShapeError };

/** What an op's shape rule sees of one input. */
export interface InputType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** The value itself, if it is known before running (shapes, axes, pads). */
  readonly constant: Tensor | undefined;
  /** The elements of a shape that is known except for open dimensions. */
  readonly dims?: readonly Dim[] | undefined;
}

export interface OutputType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** What a shape rule sees of a node. */
export interface InferContext<S extends AttributeSpecs = AttributeSpecs> {
  /** Input `index`. @throws ShapeError if it is absent. */
  input(index: number): InputType;
  /** Input `index`, or undefined if it is absent. */
  optional(index: number): InputType | undefined;
  /** A constant int64 or int32 input as numbers. Errors call it `what`. */
  constantInts(index: number, what: string): readonly number[];
  /** Like constantInts, for a shape: elements may be open dimensions. */
  constantDims(index: number, what: string): readonly Dim[];
  readonly inputCount: number;
  readonly outputCount: number;
  readonly attributes: Read<S>;
}

/** One row of the op catalogue. */
export interface OpSpec<S extends AttributeSpecs = AttributeSpecs> {
  /** Fewest and most inputs (Infinity if variadic). */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  readonly attributes: S;
  infer(context: InferContext<S>): readonly OutputType[];
  /** The number of outputs that must be named even if nothing reads them, if that depends on the attributes. */
  obligatoryOutputs?(attributes: Read<S>): number;
  /** Inputs that hold trained weights. */
  readonly trained?: readonly number[];
  /** Inputs that hold running statistics, which training updates without a gradient. */
  readonly running?: readonly number[];
  /** Whether the output can be tapped as an activation. */
  readonly activation?: boolean;
  /** Whether this is an op of this library's own, which files may not contain (`passes/standard.ts`). */
  readonly internal?: boolean;
}

/** An op whose derivative is zero wherever it exists. */
export interface FlatOpSpec<S extends AttributeSpecs = AttributeSpecs> extends OpSpec<S> {
  readonly gradient: "zero";
}

/** Infers the attribute types of a row from the row itself. */
export function operator<const S extends AttributeSpecs>(spec: OpSpec<S>): OpSpec<S> {
  return spec;
}

/** Marks the row of an op that passes no gradient. */
export function flat<S extends AttributeSpecs>(spec: OpSpec<S>): FlatOpSpec<S> {
  return { ...spec, gradient: "zero" };
}

/**
 * Most elements of one value, not counting symbolic dimensions. A float32 value then has at most 4 GiB, and every index
 * fits in 32 bits.
 */
const LARGEST_VALUE = 2 ** 30;
/** Most numbers that one input may give a shape rule: axes, pads, the pieces of a Split. */
const MOST_INTS = 2 ** 14;
/** Most dimensions of a value. */
const LARGEST_RANK = 64;

/**
 * Infers the output types of a node of any op: checks the number of inputs, applies the shape rule, and checks that the
 * result can be a shape.
 *
 * @throws ShapeError naming the node.
 */
export function inferOutputs(
  node: Node,
  spec: OpSpec,
  inputs: readonly (InputType | undefined)[],
): readonly OutputType[] {
  try {
    const [least, most] = spec.inputs;
    if (inputs.length < least || inputs.length > most) {
      const wanted = least === most ? least : `${least} to ${most}`;
      throw new ShapeError(`takes ${wanted} inputs, found ${inputs.length}`);
    }
    const outputs = spec.infer(inferContext(inputs, node.outputs.length, node.attributes, spec));
    if (outputs.length < node.outputs.length) throw new ShapeError(`has no output ${outputs.length}`);
    for (const { shape } of outputs) checkShape(shape);
    return outputs;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(error.problem, `node "${node.name}" (${node.op})`, error.remedy);
  }
}

/** @throws ShapeError for a shape that no tensor can have: NaN, fractions, negative or absurdly large dimensions. */
export function checkShape(shape: readonly Dim[]): void {
  let size = 1;
  for (const dim of shape) {
    if (typeof dim === "string") continue;
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new ShapeError(`gives [${shape.join(", ")}]: dimensions must be whole numbers of at least 0`);
    }
    // A dimension of 0 makes the value empty, but the other dimensions are used elsewhere and must stay sane.
    size *= Math.max(dim, 1);
  }
  if (size > LARGEST_VALUE) {
    throw new ShapeError(
      `gives [${shape.join(", ")}]: a value may have at most ${LARGEST_VALUE} elements`,
      undefined,
      "Use a smaller batch size (--batch-size) or smaller images.",
    );
  }
  if (shape.length > LARGEST_RANK) {
    throw new ShapeError(`gives ${shape.length} dimensions: a value may have at most ${LARGEST_RANK}`);
  }
}

export function inferContext<S extends AttributeSpecs>(
  inputs: readonly (InputType | undefined)[],
  outputCount: number,
  attributes: Attributes,
  spec: OpSpec<S>,
): InferContext<S> {
  const input = (index: number): InputType => {
    const type = inputs[index];
    if (type === undefined) throw new ShapeError(`input ${index} is missing`);
    return type;
  };
  const constantInts = (index: number, what: string): readonly number[] => {
    const { constant } = input(index);
    if (constant === undefined) {
      throw new ShapeError(`${what} (input ${index}) must be known before running`);
    }
    if (constant.dtype !== "int64" && constant.dtype !== "int32") {
      throw new ShapeError(`${what} (input ${index}) must be int64, found ${constant.dtype}`);
    }
    if (constant.data.length > MOST_INTS) {
      throw new ShapeError(
        `${what} (input ${index}) has ${constant.data.length} numbers; the limit is ${MOST_INTS}`,
      );
    }
    return Array.from(constant.data as ArrayLike<number | bigint>, nearestSafeInteger);
  };
  return {
    input,
    optional: (index) => inputs[index],
    constantInts,
    constantDims: (index, what) => {
      const { dtype, dims } = input(index);
      return dims !== undefined && dtype.startsWith("int") ? dims : constantInts(index, what);
    },
    inputCount: inputs.length,
    outputCount,
    attributes: readAttributes(spec.attributes, attributes),
  };
}

/** Broadcasts shapes in all directions, as NumPy does. */
export function broadcastShapes(...shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1;
    for (const shape of shapes) {
      const dim = shape[axis - rank + shape.length];
      if (dim === undefined || dim === 1 || dim === result) continue;
      if (result !== 1) {
        const found = [...new Set(shapes.map((s) => `[${s.join(", ")}]`))].slice(0, 4);
        throw new ShapeError(`shapes ${found.join(" and ")} do not broadcast`);
      }
      result = dim;
    }
    return result;
  });
}

/** Maps an axis from [−rank, rank) to [0, rank). */
export function normaliseAxis(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`axis ${axis} is outside a tensor of ${rank} dimensions`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * @throws ShapeError unless there are `count` integers of at least `least`, small enough for ONNX Runtime to add up.
 */
export function checkInts(
  values: readonly number[],
  what: string,
  { count, least }: { readonly count: number; readonly least: number },
): void {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= least && value < 2 ** 31;
  if (values.length === count && values.every(fits)) return;
  throw new ShapeError(
    `${what} must be ${count} whole numbers of at least ${least}, found [${brief(values)}]`,
  );
}

const brief = (values: readonly unknown[]): string =>
  values.length > 16 ? `${values.slice(0, 16).join(", ")}, …` : values.join(", ");

/** A dimension as a number. @throws ShapeError if it is open. */
export function known(dim: Dim | undefined, what: string): number {
  if (typeof dim !== "number") throw new ShapeError(`${what} must be a known number, found "${dim}"`);
  return dim;
}
