import { expect, test } from "vitest";
import { GraphBuilder, type Value } from "../graph/index.js";
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
