/** Ops that read or write elements at indices, and ops that create constants. */
import type { Tensor } from "../../tensor/index.js";
import { productOf } from "../dims.js";
import type { Dim } from "../graph.js";
import { checkInts, flat, known, normaliseAxis, operator, ShapeError, type InputType } from "../infer.js";

/** Reads a single number. @throws ShapeError if it is not known before running. */
function scalarOf({ constant }: InputType, what: string): number {
  if (constant === undefined) throw new ShapeError(`${what} must be known before running`);
  if (constant.data.length !== 1) {
    throw new ShapeError(`${what} must be one number, found ${constant.data.length}`);
  }
  return Number(constant.data[0]);
}

function checkWhole({ dtype }: InputType): void {
  if (dtype !== "int64" && dtype !== "int32") throw new ShapeError(`indices must be int64, found ${dtype}`);
}

/** The number of coordinates in an index of GatherND or ScatterND: the length of the last axis. */
function coordinates({ shape }: InputType, rank: number): number {
  if (shape.length === 0) throw new ShapeError("indices must have at least one axis");
  const count = known(shape.at(-1), "the last axis of the indices");
  if (count > rank) throw new ShapeError(`an index of ${count} coordinates does not fit ${rank} axes`);
  return count;
}

/** @throws ShapeError if an index known before running is outside its axes. */
function checkCoordinates({ constant, shape }: InputType, axes: readonly Dim[]): void {
  const count = shape.at(-1) as number;
  constant?.data.forEach((index: number | bigint, i: number) => {
    const length = axes[i % count];
    if (typeof length === "number" && (index < -length || index >= length)) {
      throw new ShapeError(`index ${index} is outside an axis of ${length}`);
    }
  });
}

const SCATTER_REDUCTIONS: ReadonlySet<string> = new Set(["none", "add", "mul", "max", "min"]);

/** @throws ShapeError for an unknown reduction. */
export function checkReduction(reduction: string): void {
  if (!SCATTER_REDUCTIONS.has(reduction)) throw new ShapeError(`unknown reduction "${reduction}"`);
}

/** The number of elements that `Range` gives. */
export function rangeLength(start: number, limit: number, delta: number): number {
  return delta === 0 ? NaN : Math.max(0, Math.ceil((limit - start) / delta));
}

export const INDEXING = {
  Tile: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input, constantDims }) => {
      const { dtype, shape } = input(0);
      const repeats = constantDims(1, "repeats");
      const least = repeats.map((repeat) => (typeof repeat === "number" ? repeat : 1));
      checkInts(least, "repeats", { count: shape.length, least: 0 });
      return [{ dtype, shape: shape.map((dim, axis) => productOf([dim, repeats[axis]!])) }];
    },
  }),
  Range: flat(
    operator({
      inputs: [3, 3],
      outputs: [1, 1],
      attributes: {},
      infer: ({ input, optional }) => {
        const open = optional(1)?.dims?.[0];
        if (open !== undefined && scalarOf(input(0), "start") === 0 && scalarOf(input(2), "delta") === 1) {
          return [{ dtype: input(0).dtype, shape: [open] }];
        }
        const [start, limit, delta] = ["start", "limit", "delta"].map((what, i) => scalarOf(input(i), what));
        return [{ dtype: input(0).dtype, shape: [rangeLength(start!, limit!, delta!)] }];
      },
    }),
  ),
  GatherND: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { batch_dims: { kind: "int", default: 0 } },
    infer: ({ input, attributes: { batch_dims: batch } }) => {
      const [{ dtype, shape }, indices] = [input(0), input(1)];
      checkWhole(indices);
      if (!(batch >= 0 && batch < indices.shape.length && batch <= shape.length)) {
        throw new ShapeError(`batch_dims = ${batch} does not fit the indices`);
      }
      if (indices.shape.slice(0, batch).some((dim, axis) => dim !== shape[axis])) {
        throw new ShapeError(
          `[${shape.join(", ")}] and [${indices.shape.join(", ")}] have different batches`,
        );
      }
      const count = coordinates(indices, shape.length - batch);
      checkCoordinates(indices, shape.slice(batch));
      return [{ dtype, shape: [...indices.shape.slice(0, -1), ...shape.slice(batch + count)] }];
    },
  }),
  ScatterND: operator({
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { reduction: { kind: "string", default: "none" } },
    infer: ({ input, attributes }) => {
      const [{ dtype, shape }, indices, updates] = [input(0), input(1), input(2)];
      checkReduction(attributes.reduction);
      checkWhole(indices);
      const count = coordinates(indices, shape.length);
      checkCoordinates(indices, shape);
      const wanted = [...indices.shape.slice(0, -1), ...shape.slice(count)].join(", ");
      if (updates.dtype !== dtype || updates.shape.join(", ") !== wanted) {
        throw new ShapeError(`updates must be ${dtype} [${wanted}], found [${updates.shape.join(", ")}]`);
      }
      return [{ dtype, shape }];
    },
  }),
  Trilu: operator({
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: { upper: { kind: "int", default: 1 } },
    infer: ({ input, optional }) => {
      const { dtype, shape } = input(0);
      if (shape.length < 2) throw new ShapeError("its input must have two axes or more");
      if (optional(1) !== undefined) scalarOf(input(1), "k");
      return [{ dtype, shape }];
    },
  }),
  CumSum: operator({
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { exclusive: { kind: "int", default: 0 }, reverse: { kind: "int", default: 0 } },
    infer: ({ input }) => {
      const { dtype, shape } = input(0);
      normaliseAxis(scalarOf(input(1), "axis"), shape.length);
      return [{ dtype, shape }];
    },
  }),
  TopK: operator({
    inputs: [2, 2],
    outputs: [2, 2],
    // The gradient needs the indices, so both outputs are always named.
    obligatoryOutputs: () => 2,
    attributes: {
      axis: { kind: "int", default: -1 },
      largest: { kind: "int", default: 1 },
      sorted: { kind: "int", default: 1 },
    },
    infer: ({ input, attributes }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      const k = scalarOf(input(1), "k");
      const length = shape[axis]!;
      if (typeof length === "number" && k > length) {
        throw new ShapeError(`k = ${k} is more than the ${length} elements of axis ${axis}`);
      }
      const chosen = shape.with(axis, k);
      return [
        { dtype, shape: chosen },
        { dtype: "int64", shape: chosen },
      ];
    },
  }),
  /** The two values are treated as constants: they get no gradient. */
  OneHot: flat(
    operator({
      inputs: [3, 3],
      outputs: [1, 1],
      attributes: { axis: { kind: "int", default: -1 } },
      infer: ({ input, attributes }) => {
        const [{ shape }, values] = [input(0), input(2)];
        const depth = Math.trunc(scalarOf(input(1), "depth"));
        if (values.shape.join() !== "2") throw new ShapeError("it needs two values: off and on");
        const axis = normaliseAxis(attributes.axis, shape.length + 1);
        return [{ dtype: values.dtype, shape: shape.toSpliced(axis, 0, depth) }];
      },
    }),
  ),
  EyeLike: flat(
    operator({
      inputs: [1, 1],
      outputs: [1, 1],
      attributes: { dtype: { kind: "dtype" }, k: { kind: "int", default: 0 } },
      infer: ({ input, attributes }) => {
        const { dtype, shape } = input(0);
        if (shape.length !== 2) throw new ShapeError("its input must have two axes");
        return [{ dtype: attributes.dtype ?? dtype, shape }];
      },
    }),
  ),
};

export type IndexingOp = keyof typeof INDEXING;

/** The number in an optional constant input, or `otherwise` if it is absent. */
export function numberOf(constant: Tensor | undefined, otherwise: number): number {
  return constant === undefined ? otherwise : Number(constant.data[0]);
}
