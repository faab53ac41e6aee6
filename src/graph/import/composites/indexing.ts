import { int64, stridesOf, toNumbers, type Tensor } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported, type Raise } from "../raise.js";

/** What an op that gives as many elements as its values say can be read by: its input, if it is a constant. */
function constantOf(g: ImportBuilder, value: Value<Dim>, what: string): Tensor {
  const data = g.constantOf(value);
  if (data === undefined)
    throw new Unsupported(`how much it gives depends on the image: ${what} is no constant`);
  return data;
}

/** Coordinates of the elements that are not 0, one row an axis. */
function nonZero({ shape, data }: Tensor): Tensor {
  const found: number[] = [];
  // Zeros are 0, 0n or −0.
  data.forEach((element: number | bigint, i: number) => Number(element) !== 0 && found.push(i));
  const strides = stridesOf(shape);
  const rows = shape.flatMap((dim, axis) => found.map((i) => Math.floor(i / strides[axis]!) % dim));
  return int64([shape.length, found.length], rows);
}

export const INDEXING: Readonly<Record<string, Raise>> = {
  NonZero: raise({
    attributes: {},
    emit: ({ g, inputs: [x] }) => [g.computed(nonZero(constantOf(g, x!, "its input")))],
  }),
  /** The chosen slices, gathered. */
  Compress: raise({
    attributes: { axis: { kind: "int" } },
    emit: ({ g, inputs: [x, condition], attributes: { axis } }) => {
      const chosen = toNumbers(constantOf(g, condition!, "its condition")).flatMap((keep, i) =>
        keep ? [i] : [],
      );
      const from = axis === undefined ? g.op("Reshape", [x, g.ints([-1])]) : x;
      return [g.op("Gather", [from, g.ints(chosen)], { axis: axis ?? 0 })];
    },
  }),
};
