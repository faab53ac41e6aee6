import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { int, modelOf, node } from "../../test/model.js";
import { withHead } from "../../test/small-models.js";
import { zeroGradientNodes } from "../autodiff/index.js";
import { readModelFile, type Model } from "../onnx/index.js";
import { float32 } from "../tensor/index.js";
import {
  classifierFromModel,
  loadClassifier,
  saveClassifier,
  withoutSaturation,
  type LoadOptions,
} from "./index.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-straight-through-"));
});
afterAll(() => rm(folder, { recursive: true }));

const quantised = withHead(
  [node("QuantizeLinear", ["x", "s"], "q"), node("DequantizeLinear", ["q", "s"], "h")],
  { s: float32([], [0.25]) },
);
const rounded = withHead([node("Round", ["x"], "h")]);
const cast = withHead([node("Cast", ["x"], "h", { to: int(1) })]);
const ofBytes: Model = {
  ...cast,
  graph: { ...cast.graph, inputs: [{ ...cast.graph.inputs[0]!, dtype: "uint8" }] },
};

test.each<[string, Model, LoadOptions]>([
  ["a quantised model", quantised, {}],
  ["a model of integer pixels", ofBytes, {}],
  ["a model that rounds, on request", rounded, { straightThrough: true }],
])("%s passes the same gradients after saving", async (name, model, options) => {
  const path = join(folder, "saved.onnx");
  await saveClassifier(classifierFromModel(model, "m.onnx", options), path);
  const notices: string[] = [];
  const { graph, image, logits } = await loadClassifier(path, { onNotice: (text) => notices.push(text) });
  expect(zeroGradientNodes(graph, image, logits), name).toEqual([]);
  expect(notices).toEqual([expect.stringMatching(/rounds in 1 place[^]*straight through/)]);
});

test("a model that rounds still passes no gradient by default, and only rounding can be differentiated straight through", async () => {
  const path = join(folder, "exact.onnx");
  await saveClassifier(classifierFromModel(rounded, "m.onnx"), path);
  const model = await readModelFile(path);
  const stopsOf = (straightThrough: string | undefined): string[] => {
    const metadata = new Map(model.metadata);
    if (straightThrough !== undefined) metadata.set("straight_through", straightThrough);
    const { graph, image, logits } = classifierFromModel({ ...model, metadata }, path);
    return zeroGradientNodes(graph, image, logits).map(({ op }) => op);
  };
  expect(stopsOf(undefined)).toEqual(["Round"]);
  const names = model.graph.nodes.map((each) => each.name);
  const others = model.graph.nodes.flatMap(({ opType, name }) => (opType === "Round" ? [] : [name]));
  expect(stopsOf(JSON.stringify(others))).toEqual(["Round"]);
  expect(stopsOf(JSON.stringify(names))).toEqual([]);
  expect(() => stopsOf("[1")).toThrow(/damaged metadata: straightThrough/);
});

test("saturation is straightened at the ends of a model, not between its layers", () => {
  const nodes = [
    node("Tanh", ["x"], "pixels"),
    node("GlobalAveragePool", ["pixels"], "pooled"),
    node("Flatten", ["pooled"], "flat"),
    node("MatMul", ["flat", "w"], "hidden"),
    node("Tanh", ["hidden"], "active"),
    node("MatMul", ["active", "w"], "scores"),
    node("Tanh", ["scores"], "squashed"),
    node("Min", ["half", "squashed"], "turned"),
    node("Min", ["turned", "half"], "y"),
  ];
  const constants = { w: float32([3, 3], [2, 1, 0, 0, 2, 1, 1, 0, 2]), half: float32([1], [0.5]) };
  const { graph, image } = classifierFromModel(modelOf(nodes, constants), "m.onnx");
  const bent = withoutSaturation(graph, image).nodes.filter(
    ({ straightThrough }) => straightThrough === true,
  );
  expect(bent.map(({ outputs: [output] }) => output)).toEqual(["pixels", "squashed", "y"]);
});
