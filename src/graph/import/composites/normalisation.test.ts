import { expect, test } from "vitest";
import { int, modelOf, node, real } from "../../../../test/model.js";
import { expectAsOriginal, expectClose, runImported } from "../../../../test/original.js";
import { gradient } from "../../../autodiff/index.js";
import { compile } from "../../../runtime/index.js";
import { float32, type Tensor } from "../../../tensor/index.js";
import { GraphBuilder, graphFromModel, specOf, type Graph } from "../../index.js";

const image = { opset: 17, input: { shape: ["N", 4, 3] } };

test("LayerNormalization stays one node, including its statistics", async () => {
  const nodes = [
    node("LayerNormalization", ["x", "scale", "bias"], ["h", "mean", "inverse"], { epsilon: real(0.01) }),
    node("Mul", ["h", "inverse"], "scaled"),
    node("Add", ["scaled", "mean"], "y"),
  ];
  const model = modelOf(nodes, { scale: float32([3], [1, 2, 0.5]), bias: float32([3], [0, -1, 1]) }, image);
  expect(graphFromModel(model, { place: "m" }).nodes.map(({ op }) => op)).toEqual([
    "LayerNormalization",
    "Mul",
    "Add",
  ]);
  await expectAsOriginal(model, [2, 4, 3]);
});

test("LayerNormalization accepts a scale that broadcasts over the axes", async () => {
  const nodes = [node("LayerNormalization", ["x", "scale", "bias"], "y", { axis: int(1) })];
  const constants = { scale: float32([4, 1], [1, 2, 0.5, 3]), bias: float32([3], [0, -1, 1]) };
  const full = {
    scale: float32(
      [4, 3],
      [1, 2, 0.5, 3].flatMap((s) => [s, s, s]),
    ),
    bias: float32(
      [4, 3],
      [1, 2, 3, 4].flatMap(() => [0, -1, 1]),
    ),
  };
  const graph = graphFromModel(modelOf(nodes, constants, image), { place: "m" });
  expect(graph.nodes.at(-1)!.op).toBe("LayerNormalization");
  await expectAsOriginal(modelOf(nodes, full, image), [2, 4, 3]);
  const feeds = {
    x: float32(
      [1, 4, 3],
      Array.from({ length: 12 }, (_, i) => Math.sin(i)),
    ),
  };
  const found = await runImported(modelOf(nodes, constants, image), feeds);
  expectClose(found, await runImported(modelOf(nodes, full, image), feeds));
});

test("InstanceNormalization stays one node, and its scale and bias are trained", async () => {
  const nodes = [node("InstanceNormalization", ["x", "scale", "bias"], "y", { epsilon: real(0.01) })];
  const constants = { scale: float32([4], [1, 2, 0.5, -1]), bias: float32([4], [0, -1, 1, 2]) };
  const model = modelOf(nodes, constants, { input: { shape: ["N", 4, 3, 2] } });
  const { nodes: read } = graphFromModel(model, { place: "m" });
  expect(read.map(({ op }) => op)).toEqual(["InstanceNormalization"]);
  expect(specOf("InstanceNormalization").trained).toEqual([1, 2]);
  await expectAsOriginal(model, [2, 4, 3, 2]);
});

test.each([
  [18, 2],
  [21, 4],
] as const)("GroupNormalization of opset %i with an open batch", async (opset, length) => {
  const attributes = { num_groups: int(2), epsilon: real(0.01) };
  const nodes = [node("GroupNormalization", ["x", "scale", "bias"], "y", attributes)];
  const constants = {
    scale: float32([length], [1, 2, 0.5, -1].slice(0, length)),
    bias: float32([length], [0, -1, 1, 2].slice(0, length)),
  };
  const model = modelOf(nodes, constants, { opset, input: { shape: ["N", 4, 3, 2] } });
  expect(graphFromModel(model, { place: "m" }).values.get("y")!.shape).toEqual(["N", 4, 3, 2]);
  await expectAsOriginal(model, [3, 4, 3, 2]);
});

test.each([
  ["LpNormalization", { p: int(1), axis: int(1) }],
  ["LpNormalization", { axis: int(2) }],
  ["MeanVarianceNormalization", {}],
  ["LRN", { size: int(3), alpha: real(0.5) }],
] as const)("%s matches ONNX Runtime", async (op, attributes) => {
  await expectAsOriginal(modelOf([node(op, ["x"], "y", attributes)]), [2, 3, 8, 8]);
});

test.each([1, 2])("LpNormalization with p %i of zeros is 0 and has a finite gradient", async (p) => {
  const model = modelOf(
    [node("LpNormalization", ["x"], "y", { p: int(p) })],
    {},
    { input: { shape: [2, 3] } },
  );
  const x = float32([2, 3], [0, 0, 0, 3, 0, 4]);
  const read = GraphBuilder.from(graphFromModel(model, { place: "m" }) as Graph);
  const y = read.value("y");
  read.output(read.op("ReduceSum", [read.op("Mul", [y, y])], { keepdims: 0 }), "loss");
  const program = await compile(gradient(read.build(), { of: "loss", withRespectTo: ["x"] }));
  const { x_grad } = await program.run({ x });
  await program.dispose();
  expect([...(x_grad!.data as Float32Array)].every(Number.isFinite)).toBe(true);
  const norms = p === 1 ? 7 : 5;
  expectClose(await runImported(model, { x }), { y: float32([2, 3], [0, 0, 0, 3 / norms, 0, 4 / norms]) });
});

test("BatchNormalization of opset 7 with statistics for each position", async () => {
  const constant = (...values: number[]): Tensor => float32([2, 3], values);
  const nodes = [node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", { spatial: int(0) })];
  const constants = {
    s: constant(1, 2, 3, 4, 5, 6),
    b: constant(0, 1, 0, 1, 0, 1),
    m: constant(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    v: constant(1, 1.5, 2, 0.5, 1, 3),
  };
  await expectAsOriginal(modelOf(nodes, constants, { opset: 7, input: { shape: ["N", 2, 3] } }), [2, 2, 3]);
});

test.each([
  ["an even size", node("LRN", ["x"], "y", { size: int(4) }), "its size must be odd, found 4"],
  ["no size", node("LRN", ["x"], "y"), 'attribute "size" is missing'],
  [
    "groups that do not divide",
    node("GroupNormalization", ["x", "p", "p"], "y", { num_groups: int(2) }),
    "2 groups",
  ],
  [
    "no groups",
    node("GroupNormalization", ["x", "p", "p"], "y", { num_groups: int(0) }),
    "num_groups must be",
  ],
  ["another scale", node("InstanceNormalization", ["x", "q", "p"], "y"), "its scale is [2], expected [3]"],
  ["a p of 3", node("LpNormalization", ["x"], "y", { p: int(3) }), "its p is 3"],
  ["an axis too far", node("RMSNormalization", ["x", "p"], "y", { axis: int(4) }), "axis 4 is outside"],
])("refuses %s", (_, nodes, words) => {
  const model = modelOf([nodes], { p: float32([3], [1, 2, 3]), q: float32([2], [1, 2]) });
  expect(() => graphFromModel(model, { place: "m" })).toThrow(words);
});
