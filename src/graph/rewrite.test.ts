import { describe, expect, test } from "vitest";
import { float32 } from "../tensor/index.js";
import {
  bind,
  GraphBuilder,
  isNode,
  printGraph,
  rewrite,
  verifyGraph,
  type Dim,
  type Graph,
} from "./index.js";

function small(): Graph {
  const g = new GraphBuilder("small");
  const x = g.input("x", "float32", [2, 3]);
  const scaled = g.op("Mul", [x, g.initializer("w", float32([3], [1, 2, 3]))], {}, { name: "scaled" });
  const soft = g.op("Softmax", [scaled], { axis: 1 }, { name: "soft" });
  g.output(g.op("Relu", [soft], {}, { name: "y" }));
  return g.build();
}

const text = (graph: Graph): string[] => {
  verifyGraph(graph);
  return printGraph(graph)
    .split("\n")
    .slice(2, -1)
    .map((line) => line.trim().replace(/: float32\[.*?\] =/, " ="));
};

describe("rewrite", () => {
  test("gives the same graph when nothing is replaced", () => {
    expect(rewrite(small(), () => undefined)).toEqual(small());
  });

  test("gives replacements the names of what they replace", () => {
    const graph = rewrite<number>(small(), (node, g) => {
      if (!isNode(node, "Softmax")) return undefined;
      const [x] = g.inputsOf(node);
      return [g.op("Exp", [g.op("LogSoftmax", [x], { axis: 1 })])];
    });
    expect(text(graph)).toEqual([
      "scaled = Mul(x, w)",
      "logsoftmax = LogSoftmax(scaled; axis=1)",
      "soft = Exp(logsoftmax)",
      "y = Relu(soft)",
      "return y",
    ]);
    expect(graph.nodes.map(({ name }) => name)).toEqual(["scaled", "logsoftmax", "soft", "y"]);
  });

  test("uses an existing value as the replacement, and keeps the names of graph outputs", () => {
    const graph = rewrite<number>(small(), (node, g) =>
      isNode(node, "Softmax", "Relu") ? [g.value(node.inputs[0]!)] : undefined,
    );
    expect(text(graph)).toEqual(["scaled = Mul(x, w)", "y = Identity(scaled)", "return y"]);
  });

  test("gives a constant the name; a constant that is also used elsewhere keeps its own", () => {
    const graph = rewrite<number>(small(), (node, g) => {
      if (!isNode(node, "Mul")) return undefined;
      return [g.constant(float32([2, 3], [1, 2, 3, 4, 5, 6]))];
    });
    expect([...graph.initializers.keys()]).toEqual(["w", "scaled"]);
    const shared = rewrite<number>(small(), (node, g) =>
      isNode(node, "Mul", "Softmax") ? [g.constant(float32([2, 3], [1, 2, 3, 4, 5, 6]))] : undefined,
    );
    verifyGraph(shared);
    expect(text(shared).at(-2)).toMatch(/^y = Relu/);
  });

  test("replaces an input by nodes emitted first", () => {
    const graph = rewrite<number>(small(), () => undefined, {
      before: (g) => g.redirect("w", g.op("Neg", [g.value("w")])),
    });
    expect(text(graph).slice(0, 2)).toEqual(["neg = Neg(w)", "scaled = Mul(x, neg)"]);
  });

  test("names the node whose replacement has the wrong type", () => {
    expect(() =>
      rewrite<number>(small(), (node, g) =>
        isNode(node, "Relu") ? [g.op("MatMul", [g.value("soft"), g.value("soft")])] : undefined,
      ),
    ).toThrow(/node "matmul" \(MatMul\).*cannot be multiplied/);
  });

  test("takes linear time", () => {
    const build = (count: number): number => {
      const g = new GraphBuilder("long");
      let x = g.input("x", "float32", [2]);
      for (let i = 0; i < count; i++) x = g.op("Neg", [x]);
      g.output(x);
      const graph = g.build();
      let steps = 0;
      const rewritten = rewrite<number>(graph, (node, b) => {
        steps++;
        return [b.op("Sub", [b.scalar(0), b.inputsOf(node)[0]])];
      });
      expect(rewritten.nodes).toHaveLength(count);
      return steps;
    };
    expect(build(30_000)).toBe(30_000);
  });
});

test("binding the batch folds shapes, but nothing computed from weights", () => {
  const g = new GraphBuilder<Dim>("tokens");
  const x = g.input("x", "float32", ["N", 2, 3]);
  const token = g.initializer("token", float32([1, 1, 3], [1, 2, 3]));
  const scaled = g.op(
    "Mul",
    [token, g.op("Exp", [g.initializer("scale", float32([], [0.5]))])],
    {},
    { name: "scaled" },
  );
  const shape = g.op("Shape", [x], { end: 1 });
  const count = g.op("Cast", [shape], { to: "float32" });
  g.output(g.op("Mul", [g.op("Add", [x, scaled]), g.op("Mul", [count, g.scalar(2)])]), "y");
  const bound = bind(g.build(), { N: 4 });
  expect(bound.nodes.map(({ op }) => op)).toEqual(["Exp", "Mul", "Add", "Mul", "Identity"]);
});
