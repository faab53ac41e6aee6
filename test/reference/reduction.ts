import { reducedAxes, type ReductionOp } from "../../src/graph/index.js";
import { at, nd, positions } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";

/** Applies `f` to the elements that each output gathers. */
const reduction =
  (f: (values: number[]) => number): Kernel<Exclude<ReductionOp, "ArgMax" | "ArgMin">> =>
  ({ inputs: [x], shapes: [shape], types }) => {
    const { shape: from } = x!;
    const axes = reducedAxes(types);
    const lengths = axes.map((axis) => from[axis]!);
    const kept = from.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const flat = nd(
      kept.map((axis) => from[axis]!),
      (index) => {
        const source = from.map(() => 0);
        kept.forEach((axis, i) => (source[axis] = index[i]!));
        const values: number[] = [];
        for (const inner of positions(lengths)) {
          axes.forEach((axis, i) => (source[axis] = inner[i]!));
          values.push(at(x!, source));
        }
        return f(values);
      },
    );
    return [{ shape: shape!, data: flat.data }];
  };

const argument =
  (better: (a: number, b: number) => boolean): Kernel<"ArgMax" | "ArgMin"> =>
  ({ inputs: [x], shapes: [shape], attributes }) => {
    const rank = x!.shape.length;
    const axis = (attributes.axis + rank) % rank;
    const last = attributes.select_last_index === 1;
    const kept = x!.shape.filter((_, i) => i !== axis);
    const flat = nd(kept, (index) => {
      let best = 0;
      const value = (place: number): number => at(x!, index.toSpliced(axis, 0, place));
      for (let place = 1; place < x!.shape[axis]!; place++) {
        if (better(value(place), value(best)) || (last && value(place) === value(best))) best = place;
      }
      return best;
    });
    return [{ shape: shape!, data: flat.data }];
  };

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const sumOfSquares = (values: readonly number[]): number => values.reduce((a, b) => a + b * b, 0);

export const REDUCTION_KERNELS: Kernels<ReductionOp> = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceMin: reduction((values) => Math.min(...values)),
  ReduceProd: reduction((values) => values.reduce((a, b) => a * b, 1)),
  ReduceL2: reduction((values) => Math.sqrt(sumOfSquares(values))),
  ReduceSumSquare: reduction(sumOfSquares),
  ReduceLogSumExp: reduction((values) => {
    const peak = Math.max(...values);
    return peak + Math.log(sum(values.map((value) => Math.exp(value - peak))));
  }),
  ArgMax: argument((a, b) => a > b),
  ArgMin: argument((a, b) => a < b),
};
