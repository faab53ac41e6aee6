import { describe, expect, test } from "vitest";
import { gradient } from "../autodiff/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator, float32 } from "../tensor/index.js";
import { bind, GraphBuilder, printGraph, ShapeError, verifyGraph, type Dim, type Graph } from "./index.js";

function tiny(): Graph<Dim> {
  const g = new GraphBuilder<Dim>("tiny");
  const x = g.input("image", "float32", ["N", 2, 6, 6]);
  const w = g.initializer("conv.weight", float32([3, 2, 3, 3], new Float32Array(54)));
  const y = g.op("Conv", [x, w], { strides: [2, 2], kernel_shape: [3, 3] }, { name: "conv" });
  const z = g.op("Mul", [g.op("Relu", [y]), g.scalar(0.5)]);
  g.output(g.op("ReduceMean", [z, g.ints([2, 3])], { keepdims: 0 }), "logits");
  return g.build();
}

test("a graph is printed with one line per node", () => {
  expect(printGraph(tiny())).toMatchInlineSnapshot(`
    "graph tiny(image: float32[N, 2, 6, 6]) {
      # 3 initializers, 57 elements
      conv: float32[N, 3, 2, 2] = Conv(image, conv.weight; strides=[2, 2], kernel_shape=[3, 3])
      relu: float32[N, 3, 2, 2] = Relu(conv)
      mul: float32[N, 3, 2, 2] = Mul(relu, 0.5)
      reducemean: float32[N, 3] = ReduceMean(mul, [2, 3]; keepdims=0)
      logits: float32[N, 3] = Identity(reducemean)
      return logits
    }"
  `);
});

describe("verifyGraph", () => {
  test("accepts graphs from the builder, and their gradients", () => {
    verifyGraph(tiny());
    const classifier = createClassifier("resnet-mini", {
      channels: 1,
      height: 28,
      width: 28,
      classNames: ["a", "b"],
      random: createGenerator(1),
    });
    verifyGraph(classifier.graph);
    const g = GraphBuilder.from(bind(classifier.graph, { N: 2 }));
    const loss = g.op("ReduceSum", [g.value(classifier.logits)], { keepdims: 0 });
    g.output(loss);
    verifyGraph(gradient(g.build(), { of: loss.name, withRespectTo: [classifier.image] }));
  });

  const graph = tiny();
  const broken: readonly [string, Graph<Dim>, RegExp][] = [
    [
      "a value used before it is defined",
      { ...graph, nodes: graph.nodes.slice(1) },
      /"relu".*"conv" is not defined/,
    ],
    ["a value defined twice", { ...graph, nodes: [...graph.nodes, graph.nodes[0]!] }, /two nodes|twice/],
    [
      "a type that the op does not give",
      {
        ...graph,
        values: new Map([
          ...graph.values,
          ["conv", { name: "conv", dtype: "float32", shape: ["N", 3, 5, 5] }],
        ]),
      },
      /"conv" is float32\[N, 3, 2, 2\], declared as float32\[N, 3, 5, 5\]/,
    ],
    ["an output that no node computes", { ...graph, outputs: ["ghost"] }, /no node computes output "ghost"/],
    [
      "an op that is not in the catalogue",
      { ...graph, nodes: [{ ...graph.nodes[0]!, op: "Magic" as "Relu" }] },
      /Magic is not in the catalogue/,
    ],
  ];
  test.each(broken)("%s", (_, each, words) => {
    expect(() => verifyGraph(each)).toThrow(ShapeError);
    expect(() => verifyGraph(each)).toThrow(words);
  });
});
