import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { modelOf } from "../../../test/model.js";
import { graphRefusal } from "../../../test/refusal.js";
import { appendGradients } from "../../autodiff/index.js";
import { readModel, type Model, type ModelNode } from "../../onnx/index.js";
import { compile } from "../../runtime/index.js";
import { float32, tensor } from "../../tensor/index.js";
import { freeNames } from "../names.js";
import { bind, deadCode, GraphBuilder, graphFromModel, modelFromGraph } from "../index.js";

const FOLDER = "test/fixtures/onnx";

function load(name: string): Model {
  return readModel(new Uint8Array(readFileSync(`${FOLDER}/${name}.onnx`)), { place: name });
}

describe("classifiers exported by PyTorch", () => {
  test.each([
    ...[9, 11, 13, 17, "dynamo"].map((opset) => [`residual-${opset}`, 5] as const),
    ...[9, 11, 13, 17, "dynamo"].map((opset) => [`mobile-${opset}`, 4] as const),
  ])("%s gives PyTorch's logits at every batch size", async (name, classes) => {
    const graph = graphFromModel(load(name), { place: name });
    const [input, output] = [graph.inputs[0]!, graph.outputs[0]!];
    const batch = graph.values.get(input)!.shape[0] as string;
    expect(graph.values.get(output)!.shape).toEqual([batch, classes]);
    const stored = new Float32Array(readFileSync(`${FOLDER}/${name}.bin`).buffer.slice(0));
    const image = 3 * 16 * 16;
    for (const size of [2, 1]) {
      const program = await compile(bind(graph, { [batch]: size }), { threads: 1 });
      const images = tensor("float32", [size, 3, 16, 16], stored.slice(0, size * image));
      const logits = (await program.run({ [input]: images }))[output]!.data as Float32Array;
      await program.dispose();
      const expected = stored.subarray(2 * image, 2 * image + size * classes);
      logits.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    }
  });

  test("a graph survives writing and reading", () => {
    const graph = graphFromModel(load("residual-17"), { place: "a" });
    const again = graphFromModel(modelFromGraph(graph), { place: "b" });
    expect(again.nodes).toEqual(graph.nodes);
    expect(again.initializers).toEqual(graph.initializers);
    expect([...again.values].sort()).toEqual([...graph.values].sort());
  });
});

const node = (
  opType: string,
  inputs: string[],
  outputs: string[],
  more: Partial<ModelNode> = {},
): ModelNode => ({
  name: `n_${outputs[0]}`,
  opType,
  domain: "",
  inputs,
  outputs,
  attributes: new Map(),
  ...more,
});

const model = (nodes: ModelNode[], opset = 17, output = "y"): Model =>
  modelOf(nodes, { w: float32([2], [1, 2]) }, { opset, output, input: { shape: ["N", 4, 2] } });

describe("unreadable models", () => {
  test("all unsupported nodes are listed at once, by name", () => {
    const words = graphRefusal(
      model([
        node("Hearsay", ["x"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("FusedNothing", ["b"], ["c"], { domain: "com.microsoft" }),
        node("Unheard", ["c"], ["y"]),
      ]),
    );
    expect(words).toMatch(/3 nodes/);
    expect(words).toMatch(/node "n_a" \(Hearsay\)/);
    expect(words).toMatch(/node "n_c" \(com\.microsoft\.Fused\w+\): this op of the domain "com\.microsoft"/);
    expect(words).toMatch(/node "n_y" \(Unheard\)/);
    expect(words).not.toMatch(/n_b/);
  });

  test.each([
    ["an ill-typed node", [node("MatMul", ["x", "x"], ["y"])], /n_y.*cannot be multiplied/],
    ["a value defined twice", [node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])], /defined twice/],
    ["an input from nowhere", [node("Relu", ["ghost"], ["y"])], /"ghost" is not defined/],
    ["a cycle", [node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])], /cycle/],
    ["an output from nowhere", [node("Relu", ["x"], ["z"])], /no node computes its output "y"/],
    [
      "an unknown attribute",
      [node("Relu", ["x"], ["y"], { attributes: new Map([["alpha", { kind: "float", value: 1 }]]) })],
      /attribute "alpha" is not known/,
    ],
    [
      "a condition that is not constant",
      [node("If", ["x"], ["y"])],
      /\(If\): its condition depends on the image/,
    ],
    [
      "BatchNormalization in training mode",
      [
        node("BatchNormalization", ["x", "w", "w", "w", "w"], ["y"], {
          attributes: new Map([["training_mode", { kind: "int", value: 1 }]]),
        }),
      ],
      /eval mode/,
    ],
  ] as [string, ModelNode[], RegExp][])("%s", (_, nodes, words) => {
    expect(graphRefusal(model(nodes))).toMatch(words);
  });

  test("an opset that is too old or too new is refused", () => {
    expect(graphRefusal(model([node("Relu", ["x"], ["y"])], 0))).toMatch(/opset 0; holdfast reads 1 to/);
    expect(graphRefusal(model([node("Relu", ["x"], ["y"])], 99))).toMatch(/opset 99/);
  });

  test("what only other outputs need is not read", () => {
    const nodes = [node("Relu", ["x"], ["y"]), node("Unheard", ["x"], ["other"])];
    expect(graphFromModel(model(nodes), { place: "m" }).nodes.map(({ op }) => op)).toEqual(["Relu"]);
    expect(graphRefusal(model(nodes, 17, "other"))).toMatch(/\(Unheard\): this op is not known/);
  });

  test("a chain of thousands of nodes, in any order, needs no recursion", () => {
    const chain = Array.from({ length: 5000 }, (_, i) =>
      node("Relu", [i === 0 ? "x" : `v${i - 1}`], [i === 4999 ? "y" : `v${i}`]),
    );
    expect(graphFromModel(model(chain.reverse()), { place: "m" }).nodes.length).toBe(5000);
  });

  test("names of JavaScript object properties are just names", () => {
    const hostile = model(
      [node("Relu", ["x"], ["__proto__"]), node("Relu", ["__proto__"], ["constructor"])],
      17,
      "constructor",
    );
    const graph = graphFromModel(hostile, { place: "m" });
    expect(graph.outputs).toEqual(["constructor"]);
    expect(({} as { shape?: unknown }).shape).toBeUndefined();
  });
});

describe("older opsets keep their meaning", () => {
  test("Softmax before opset 13 covers all axes from 1 on", async () => {
    const graph = graphFromModel(model([node("Softmax", ["x"], ["y"])], 11), { place: "m" });
    const program = await compile(bind(graph, { N: 1 }), { threads: 1 });
    const x = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i));
    const y = (await program.run({ x: tensor("float32", [1, 4, 2], x) }))["y"]!.data as Float32Array;
    await program.dispose();
    const total = x.reduce((sum, value) => sum + Math.exp(value), 0);
    y.forEach((value, i) => expect(value).toBeCloseTo(Math.exp(x[i]!) / total, 6));
  });

  test.each([
    ["Squeeze", new Map([["axes", { kind: "ints", value: [1] }]]), 11, ["N", 4]],
    ["ReduceSum", new Map([["axes", { kind: "ints", value: [-1] }]]), 11, ["N", 4, 1]],
    ["Pad", new Map([["pads", { kind: "ints", value: [0, 1, 0, 0, 1, 0] }]]), 10, ["N", 6, 2]],
    ["Clip", new Map([["min", { kind: "float", value: 0 }]]), 10, ["N", 4, 2]],
    ["Dropout", new Map([["ratio", { kind: "float", value: 0.5 }]]), 10, ["N", 4, 2]],
  ])("%s with attributes", (op, attributes, opset, shape) => {
    const nodes =
      op === "Squeeze"
        ? [
            node("ReduceMean", ["x"], ["m"], {
              attributes: new Map([["axes", { kind: "ints", value: [2] }]]),
            }),
            node("Unsqueeze", ["m"], ["u"], {
              attributes: new Map([["axes", { kind: "ints", value: [1] }]]),
            }),
            node("Squeeze", ["m"], ["y"], { attributes: new Map([["axes", { kind: "ints", value: [2] }]]) }),
          ]
        : [node(op, ["x"], ["y"], { attributes: attributes as ModelNode["attributes"] })];
    const graph = graphFromModel(model(nodes, opset), { place: "m" });
    expect(graph.values.get("y")!.shape).toEqual(shape);
  });
});

test("unique names for many nodes of the same name take linear time", () => {
  let looked = 0;
  const taken = new Set<string>();
  const counting = { has: (name: string): boolean => (looked++, taken.has(name)) };
  const freeName = freeNames(counting);
  for (let i = 0; i < 1000; i++) taken.add(freeName("Relu"));
  expect(taken.size).toBe(1000);
  expect(looked).toBeLessThan(5000);
});

test("a Split keeps unused outputs, because their number decides how it splits", () => {
  const split = node("Split", ["x"], ["a"], {
    outputs: ["a", "b"],
    attributes: new Map([["axis", { kind: "int", value: 1 }]]),
  });
  const graph = deadCode(graphFromModel(model([split], 17, "a"), { place: "m" }));
  expect(graph.values.get("a")!.shape).toEqual(["N", 2, 2]);
  expect(bind(graph, { N: 3 }).values.get("a")!.shape).toEqual([3, 2, 2]);
});

test.each([
  [["", "b"], "b"],
  [["b", ""], "b"],
])("outputs %j of a Split are halves, although one is absent", (outputs, last) => {
  const attributes = new Map([["axis", { kind: "int" as const, value: 1 }]]);
  const split = node("Split", ["x"], [], { name: "s", outputs, attributes });
  const graph = graphFromModel(model([split], 17, last), { place: "m" });
  expect(graph.values.get("b")!.shape).toEqual(["N", 2, 2]);
  const g = GraphBuilder.from(bind(graph, { N: 3 }));
  const total = g.op("ReduceSum", [g.value("b")], { keepdims: 0 });
  const [gradient] = appendGradients(g, { of: total, withRespectTo: [g.value("x")] });
  expect(gradient!.shape).toEqual([3, 4, 2]);
});

test("bounds at the ends of int64 survive shape arithmetic", () => {
  const nodes = [
    node("Concat", ["end"], ["ends"], { attributes: new Map([["axis", { kind: "int", value: 0 }]]) }),
    node("Slice", ["x", "start", "ends", "axis"], ["y"]),
  ];
  const last = model(nodes);
  const constants = { start: 1n, end: 2n ** 63n - 1n, axis: 1n };
  const initializers = new Map(
    Object.entries(constants).map(([name, value]) => [name, tensor("int64", [1], BigInt64Array.of(value))]),
  );
  const graph = graphFromModel({ ...last, graph: { ...last.graph, initializers } }, { place: "m" });
  expect(graph.values.get("y")!.shape).toEqual(["N", 3, 2]);
});

test("values that depend on the image never count as computed from constants, even where ops are expressed by others", () => {
  const nodes: ModelNode[] = [];
  let from = "x";
  for (let i = 0; i < 12; i++) {
    nodes.push(
      node("QuantizeLinear", [from, "s"], [`q${i}`]),
      node("DequantizeLinear", [`q${i}`, "s"], [`d${i}`]),
    );
    from = `d${i}`;
  }
  nodes.push(node("Relu", [from], ["y"]));
  const image = { name: "x", dtype: "float32" as const, shape: ["N", 3, 1024, 1024] };
  const { graph, ...rest } = model(nodes);
  const scaled = { ...graph, inputs: [image], initializers: new Map([["s", float32([], [0.1])]]) };
  expect(graphFromModel({ ...rest, graph: scaled }, { place: "m" }).outputs).toEqual(["y"]);
});
