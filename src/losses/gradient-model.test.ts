import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node } from "../../test/model.js";
import { runOriginal } from "../../test/original.js";
import { evaluate } from "../../test/reference/index.js";
import { InputError } from "../errors/index.js";
import { graphFromModel, type Graph } from "../graph/index.js";
import { readSafetensors } from "../models/index.js";
import { readModel, writeModel, type Model } from "../onnx/index.js";
import { createGenerator, int64, tensor, type Tensor } from "../tensor/index.js";
import { gradientModel, type GradientModelOptions } from "./gradient-model.js";

const draw = (name: string, shape: readonly number[]): Tensor<"float32"> => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return tensor("float32", shape, createGenerator(2).stream(name).fillUniform(data, -1, 1));
};

/** Probabilities of 4 classes, of `x [N, 3, 8, 8]`. */
const model = modelOf(
  [
    node("Conv", ["x", "w"], "maps", { strides: ints(2, 2) }),
    node("Tanh", ["maps"], "features"),
    node("GlobalAveragePool", ["features"], "pooled"),
    node("Flatten", ["pooled"], "scores"),
    node("Softmax", ["scores"], "y", { axis: int(1) }),
  ],
  { w: draw("w", [4, 3, 3, 3]) },
);

const gradientOf = (of: Model, options: Partial<GradientModelOptions> = {}): Model =>
  gradientModel(of, { place: "m.onnx", of: "loss", to: ["input"], batchSize: 2, ...options });

const feeds = { x: draw("x", [2, 3, 8, 8]), labels: int64([2], [3, 0]) };

/** The largest difference between a gradient and central differences in float64, of a sum over the batch. */
function againstDifferences(written: Model, of: string, to: string, gradient: Tensor): number {
  const graph = graphFromModel(readModel(writeModel(written), { place: "g" }), { place: "g" }) as Graph;
  const names = graph.initializers.has(to) ? { ...feeds, [to]: graph.initializers.get(to)! } : feeds;
  const source = names[to as "x"];
  const total = (moved: Float64Array): number => {
    const fed = { ...names, [to]: tensor("float64", source.shape, moved) };
    return evaluate(graph, fed)[of]!.data.reduce((a, b) => a + b, 0);
  };
  const at = Float64Array.from(source.data);
  let worst = 0;
  for (let i = 0; i < at.length; i += 7) {
    const slope = (total(at.with(i, at[i]! + 1e-5)) - total(at.with(i, at[i]! - 1e-5))) / 2e-5;
    worst = Math.max(worst, Math.abs(slope - (gradient.data as Float32Array)[i]!));
  }
  return worst;
}

test("a model of float64 is differentiated in float32", () => {
  const wide = (value: Tensor): Tensor =>
    tensor("float64", value.shape, Float64Array.from(value.data as Float32Array));
  const { graph } = model;
  const doubles: Model = {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map((input) => ({ ...input, dtype: "float64" })),
      outputs: graph.outputs.map((output) => ({ ...output, dtype: "float64" })),
      initializers: new Map([...graph.initializers].map(([name, data]) => [name, wide(data)])),
    },
  };
  expect(writeModel(gradientOf(doubles))).toEqual(writeModel(gradientOf(model)));
});

test("of several outputs, the one with a number per class is differentiated", () => {
  const first = { name: "features", dtype: "float32" as const, shape: ["N", 4, 4, 4] };
  const both = {
    ...model,
    graph: {
      ...model.graph,
      outputs: [first, ...model.graph.outputs.map((y) => ({ ...y, shape: ["N", 4] }))],
    },
  };
  expect(gradientOf(both).graph.outputs.map(({ name }) => name)).toEqual(["features", "y", "loss", "x_grad"]);
});

describe("a model written together with its gradient", () => {
  test("has the model's own inputs and outputs, and those of the loss", async () => {
    const written = gradientOf(model);
    expect(written.graph.inputs.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ["x", "float32", [2, 3, 8, 8]],
      ["labels", "int64", [2]],
    ]);
    expect(written.graph.outputs.map(({ name }) => name)).toEqual(["y", "loss", "x_grad"]);
    expect(new Set(written.graph.nodes.map(({ domain }) => domain))).toEqual(new Set([""]));
    const { y, loss, x_grad: gradient } = await runOriginal(written, feeds);
    const probabilities = y!.data as Float32Array;
    expect((loss!.data as Float32Array)[0]).toBeCloseTo(-Math.log(probabilities[3]!), 5);
    expect((loss!.data as Float32Array)[1]).toBeCloseTo(-Math.log(probabilities[4]!), 5);
    expect(againstDifferences(written, "loss", "x", gradient!)).toBeLessThan(1e-6);
  });

  test("of the label's logit, before the softmax", async () => {
    const written = gradientOf(model, { of: "logit" });
    const results = await runOriginal(written, feeds);
    expect(Object.keys(results)).toEqual(["y", "logit", "x_grad"]);
    expect(againstDifferences(written, "logit", "x", results["x_grad"]!)).toBeLessThan(1e-6);
  });

  test("of any value, by weights and by other values", async () => {
    const written = gradientOf(model, { of: "features", to: ["weights", "maps"] });
    expect(written.graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    const results = await runOriginal(written, { x: feeds.x });
    expect(Object.keys(results)).toEqual(["y", "features", "w_grad", "maps_grad"]);
    const [features, byMaps] = [results["features"]!, results["maps_grad"]!].map(
      ({ data }) => data as Float32Array,
    );
    byMaps!.forEach((slope, i) => expect(slope).toBeCloseTo(1 - features![i]! ** 2, 5));
    expect(againstDifferences(written, "features", "w", results["w_grad"]!)).toBeLessThan(1e-5);
  });

  test("gives in Node what it gives in Python's onnxruntime", async () => {
    const file = readFileSync("test/fixtures/gradient.safetensors");
    const { tensors } = readSafetensors(file, { place: "gradient.safetensors" });
    const residual = readModel(readFileSync("test/fixtures/onnx/residual-17.onnx"), { place: "residual-17" });
    const written = gradientOf(residual, { to: ["input", "weights"] });
    const results = await runOriginal(written, {
      input: tensors.get("input")!,
      labels: tensors.get("labels")!,
    });
    expect(Object.keys(results).length).toBeGreaterThan(10);
    for (const [name, { data }] of Object.entries(results)) {
      const expected = tensors.get(name)!.data as Float32Array;
      const scale = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-6);
      (data as Float32Array).forEach((value, i) =>
        expect(Math.abs(value - expected[i]!) / scale, `${name}[${i}]`).toBeLessThan(1e-5),
      );
    }
  });

  test.each<[string, Partial<GradientModelOptions>, RegExp]>([
    [
      "a value that there is not",
      { to: ["feature"] },
      /"feature": is not a value of the graph.*Did you mean "features"/s,
    ],
    [
      "a loss that there is not",
      { of: "nosuch" },
      /"nosuch": is not a value of the graph\s+Choose from: loss, logit, y, /,
    ],
    ["a loss spelt wrong", { of: "los" }, /Did you mean "loss"\? Choose from: loss, logit, y, /],
    [
      "what to differentiate by, spelt wrong",
      { to: ["wieghts"] },
      /Did you mean "weights"\? Choose from: input, weights, x, w, /,
    ],
    ["an output that there is not", { output: "z" }, /has no output "z"/],
    ["a size that is open", {}, /its size is open[^]*--size/],
  ])("%s is said", (_, options, words) => {
    const open = modelOf([node("Relu", ["x"], "y")], {}, { input: { shape: ["N", 3, "h", "w"] } });
    const refused = (): Model => gradientOf(words.source.includes("size") ? open : model, options);
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(words);
  });
});
