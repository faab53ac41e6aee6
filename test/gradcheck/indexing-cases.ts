import { int64 } from "../../src/tensor/index.js";
import type { CaseInput, GradCase } from "./check.js";
import type { GraphBuilder, Value } from "../../src/graph/index.js";

const one = (
  name: string,
  shape: readonly number[],
  build: (g: GraphBuilder, x: Value) => Value,
  input: Omit<CaseInput, "shape"> = {},
): GradCase => ({ name, inputs: [{ shape, ...input }], build: (g, [x]) => build(g, x!) });

/** Every reduction, two updates at one place but where the last would win. */
const scattering = (
  op: "ScatterND" | "ScatterElements",
  once: readonly number[],
  twice: readonly number[],
  indexShape: readonly number[],
  updates: readonly number[],
): GradCase[] =>
  (["none", "add", "mul", "max", "min"] as const).map((reduction) => ({
    name: `${op}, ${reduction}`,
    inputs: [
      { shape: [3, 4], apart: 0.13 },
      { shape: updates, apart: 0.21 },
    ],
    build: (g, [x, u]) => {
      const indices = g.constant(int64(indexShape, reduction === "none" ? once : twice));
      return g.op(op, [x, indices, u], { reduction });
    },
  }));

export const INDEXING_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Tile: [
    one("Tile", [2, 3], (g, x) => g.op("Tile", [x, g.ints([2, 3])])),
    one("Tile, one axis", [2, 1, 2], (g, x) => g.op("Tile", [x, g.ints([1, 3, 1])])),
  ],
  GatherND: [
    one("GatherND, rows and one twice", [3, 2], (g, x) =>
      g.op("GatherND", [x, g.constant(int64([3, 1], [2, -3, 2]))]),
    ),
    one("GatherND, elements", [3, 2], (g, x) =>
      g.op("GatherND", [x, g.constant(int64([1, 2, 2], [0, 1, 2, 0]))]),
    ),
    one("GatherND, in batches", [2, 3, 2], (g, x) =>
      g.op("GatherND", [x, g.constant(int64([2, 2, 1], [0, 2, 1, 1]))], { batch_dims: 1 }),
    ),
  ],
  ScatterND: scattering("ScatterND", [0, 2], [1, 1], [2, 1], [2, 4]),
  ScatterElements: scattering("ScatterElements", [0, 2, 1, 0], [1, 1, 1, 1], [1, 4], [1, 4]).concat(
    scattering("ScatterElements", [0, 2, 1, 0, 1, 0, 2, 1], [0, 2, 1, 0, 0, 0, 1, -2], [2, 4], [2, 4]),
  ),
  TopK: [
    one("TopK", [2, 5], (g, x) => g.ops("TopK", [x, g.ints([2])])[0]!, { apart: 0.1 }),
    one(
      "TopK, smallest along the first axis",
      [4, 2],
      (g, x) => g.ops("TopK", [x, g.ints([3])], { axis: 0, largest: 0 })[0]!,
      { apart: 0.1 },
    ),
  ],
  Trilu: [0, 1].flatMap((upper) => [
    one(`Trilu, upper ${upper}`, [2, 3, 3], (g, x) => g.op("Trilu", [x], { upper })),
    one(`Trilu, upper ${upper}, shifted`, [3, 4], (g, x) =>
      g.op("Trilu", [x, g.constant(int64([], [-1]))], { upper }),
    ),
  ]),
  CumSum: [0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse) =>
      one(`CumSum, exclusive ${exclusive}, reverse ${reverse}`, [2, 4], (g, x) =>
        g.op("CumSum", [x, g.constant(int64([], [-1]))], { exclusive, reverse }),
      ),
    ),
  ),
};
