import { expect, test } from "vitest";
import { GraphBuilder, type Value } from "../graph/index.js";
import { int64 } from "../tensor/index.js";
import { gradient } from "./index.js";

test("squares of squares are differentiated with nodes that grow with their number, not with its power", () => {
  const nodesOf = (squares: number): number => {
    const g = new GraphBuilder("squares");
    let value: Value = g.input("x", "float32", [2, 2]);
    for (let i = 0; i < squares; i++) value = g.op("MatMul", [value, value]);
    const loss = g.op("ReduceSum", [value], { keepdims: 0 }, { name: "loss" });
    g.output(loss);
    return gradient(g.build(), { of: loss.name, withRespectTo: ["x"] }).nodes.length;
  };
  expect(nodesOf(40) - nodesOf(30)).toBe(nodesOf(30) - nodesOf(20));
});

test("rows of an axis that is longer than any list of arguments are gathered back", () => {
  const length = 200_000;
  const g = new GraphBuilder("rows");
  const all = g.constant(
    int64(
      [length],
      Array.from({ length }, (_, i) => length - 1 - i),
    ),
  );
  const loss = g.op("ReduceSum", [g.op("Gather", [g.input("x", "float32", [length]), all])], { keepdims: 0 });
  g.output(loss);
  const graph = gradient(g.build(), { of: loss.name, withRespectTo: ["x"] });
  expect(graph.values.get(graph.outputs.at(-1)!)!.shape).toEqual([length]);
});
