import type { IndexingOp } from "../../src/graph/index.js";
import { at, nd, positions, put, type Nd } from "./array.js";
import type { Kernels } from "./kernel.js";
import { COMBINE, wrap } from "./shaping.js";

/** The coordinates that one index of several axes gives. */
function coordinatesOf(indices: Nd, index: readonly number[], axes: readonly number[]): number[] {
  return Array.from({ length: indices.shape.at(-1)! }, (_, i) => wrap(at(indices, [...index, i]), axes[i]!));
}

export const INDEXING_KERNELS: Kernels<IndexingOp> = {
  Tile: ({ inputs: [x], shapes: [shape] }) => [
    nd(shape!, (index) =>
      at(
        x!,
        index.map((place, axis) => place % x!.shape[axis]!),
      ),
    ),
  ],
  Range: ({ inputs: [start, , delta], shapes: [shape] }) => [
    nd(shape!, ([i]) => start!.data[0]! + i! * delta!.data[0]!),
  ],
  GatherND: ({ inputs: [x, indices], shapes: [shape], attributes: { batch_dims: batch } }) => [
    nd(shape!, (index) => {
      const outer = index.slice(0, indices!.shape.length - 1);
      const places = coordinatesOf(indices!, outer, x!.shape.slice(batch));
      return at(x!, [...index.slice(0, batch), ...places, ...index.slice(outer.length)]);
    }),
  ],
  ScatterND: ({ inputs: [x, indices, updates], attributes }) => {
    const out: Nd = { shape: x!.shape, data: x!.data.slice() };
    const combine = COMBINE[attributes.reduction]!;
    const outer = indices!.shape.length - 1;
    for (const index of positions(updates!.shape)) {
      const place = [...coordinatesOf(indices!, index.slice(0, outer), x!.shape), ...index.slice(outer)];
      put(out, place, combine(at(out, place), at(updates!, index)));
    }
    return [out];
  },
  TopK: ({ inputs: [x], shapes: [shape], attributes }) => {
    const axis = wrap(attributes.axis, x!.shape.length);
    const [values, indices] = [nd(shape!), nd(shape!)];
    const direction = attributes.largest === 1 ? 1 : -1;
    for (const index of positions(x!.shape.with(axis, 1))) {
      const line = Array.from({ length: x!.shape[axis]! }, (_, place) => at(x!, index.with(axis, place)));
      const order = line.map((_, place) => place).sort((a, b) => direction * (line[b]! - line[a]!) || a - b);
      for (let rank = 0; rank < shape![axis]!; rank++) {
        put(values, index.with(axis, rank), line[order[rank]!]!);
        put(indices, index.with(axis, rank), order[rank]!);
      }
    }
    return [values, indices];
  },
  Trilu: ({ inputs: [x, k], shapes: [shape], attributes: { upper } }) => [
    nd(shape!, (index) => {
      const [row, column] = index.slice(-2) as [number, number];
      const above = column - row - (k?.data[0] ?? 0);
      return (upper === 1 ? above >= 0 : above <= 0) ? at(x!, index) : 0;
    }),
  ],
  CumSum: ({ inputs: [x, along], shapes: [shape], attributes: { exclusive, reverse } }) => {
    const axis = wrap(along!.data[0]!, shape!.length);
    return [
      nd(shape!, (index) => {
        let total = 0;
        for (let place = 0; place < shape![axis]!; place++) {
          const isBefore = reverse === 1 ? place > index[axis]! : place < index[axis]!;
          const isSame = place === index[axis]! && exclusive === 0;
          if (isBefore || isSame) total += at(x!, index.with(axis, place));
        }
        return total;
      }),
    ];
  },
  OneHot: ({ inputs: [indices, , values], shapes: [shape], attributes }) => {
    const axis = wrap(attributes.axis, shape!.length);
    return [
      nd(shape!, (index) => {
        const hot = wrap(at(indices!, index.toSpliced(axis, 1)), shape![axis]!);
        return values!.data[hot === index[axis] ? 1 : 0]!;
      }),
    ];
  },
  EyeLike: ({ shapes: [shape], attributes: { k } }) => [
    nd(shape!, ([row, column]) => Number(column! - row! === k)),
  ],
};
