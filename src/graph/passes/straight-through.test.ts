import { describe, expect, test } from "vitest";
import { float32 } from "../../tensor/index.js";
import {
  bind,
  deadCode,
  dropExpands,
  foldBatchNorm,
  foldConstants,
  GraphBuilder,
  parametersAsInputs,
  standardGraph,
  rewrite,
  type Dim,
  type Graph,
} from "../index.js";

/** Conv, BatchNormalization, then two Rounds of the same value. Only the second is straight-through. */
function rounding(): Graph<Dim> {
  const g = new GraphBuilder<Dim>("rounding");
  const x = g.input("x", "float32", ["N", 1, 2, 2]);
  const ones = (name: string, shape: readonly number[]) =>
    g.initializer(name, float32(shape, Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1)));
  const maps = g.op("Conv", [x, ones("w", [1, 1, 1, 1])]);
  const vectors = ["scale", "shift", "mean", "variance"].map((name) => ones(name, [1]));
  const normal = g.op("BatchNormalization", [maps, ...vectors]);
  const exact = g.op("Round", [normal], {}, { name: "exact" });
  const through = g.op("Round", [normal], {}, { name: "through", straightThrough: true });
  const spread = g.op("Expand", [g.scalar(2), g.ints([1, 1, 2, 2])]);
  g.output(g.op("Add", [g.op("Mul", [through, spread]), exact]), "y");
  return g.build();
}

describe("passes keep a node's straight-through flag", () => {
  const bound = (): Graph => bind(rounding(), { N: 2 });
  const passes: Record<string, () => Graph<Dim>> = {
    bind: bound,
    deadCode: () => deadCode(bound()),
    foldConstants: () => foldConstants(bound()),
    dropExpands: () => dropExpands(bound()),
    foldBatchNorm: () => foldBatchNorm(bound()),
    parametersAsInputs: () => parametersAsInputs(bound(), ["w"]),
    standardGraph: () => standardGraph(bound()),
    "GraphBuilder.from": () => GraphBuilder.from(bound(), { keepOutputs: true }).build(),
    "rewrite with again": () => rewrite<number>(bound(), (node, g) => [g.again(node, g.inputsOf(node))]),
  };

  test.each(Object.keys(passes))("%s", (pass) => {
    const rounded = passes[pass]!().nodes.filter(({ op }) => op === "Round");
    expect(rounded.map(({ outputs, straightThrough }) => [outputs[0], straightThrough ?? false])).toEqual([
      ["exact", false],
      ["through", true],
    ]);
  });
});
