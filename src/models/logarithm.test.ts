import { expect, test } from "vitest";
import { int, modelOf, node, vector } from "../../test/model.js";
import type { ModelNode } from "../onnx/index.js";
import { classifierFromModel, withLogarithm } from "./index.js";

/** Nodes of the logarithm of a softmax after which `end` goes from `r0` to `y`. */
function nodesOfLog(end: readonly ModelNode[]): number {
  const start = [
    node("GlobalAveragePool", ["x"], "p"),
    node("Flatten", ["p"], "f"),
    node("Sigmoid", ["f"], "r0"),
  ];
  const model = modelOf([...start, ...end], { s: vector(-1, 3) });
  return withLogarithm(classifierFromModel(model, "m")).graph.nodes.length;
}

const chain = (length: number, make: (from: string, to: string) => ModelNode): ModelNode[] =>
  Array.from({ length }, (_, i) => make(`r${i}`, i === length - 1 ? "y" : `r${i + 1}`));

test("a value used twice gets one logarithm, so the node count stays linear in the sums", () => {
  expect(nodesOfLog(chain(40, (from, to) => node("Add", [from, from], to)))).toBeLessThan(1000);
});

test("the search back to the softmax gives up after a limit", () => {
  const ways = [
    chain(15_000, (from, to) => node("Reshape", [from, "s"], to)),
    [
      ...chain(15_000, (from, to) => node("Reshape", [from, "s"], to === "y" ? "moved" : to)),
      node("Constant", [], "one", { value_float: { kind: "float", value: 1 } }),
      node("Sub", ["one", "moved"], "y"),
    ],
    chain(15_000, (from, to) => node("Softmax", [from], to, { axis: int(1) })),
  ];
  for (const way of ways) expect(nodesOfLog(way)).toBeLessThan(16_000);
});
