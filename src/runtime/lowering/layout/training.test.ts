import { describe, expect, it } from "vitest";
import { EVERYTHING } from "../../../../test/layout-networks.js";
import { runOriginal } from "../../../../test/original.js";
import {
  foldConstants,
  GraphBuilder,
  modelFromGraph,
  standardGraph,
  type Graph,
  type Value,
} from "../../../graph/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../../../tensor/index.js";
import { compile } from "../../index.js";
import { lowerInBlocks } from "../index.js";
import { layoutBlock } from "./self-test.js";

/** A convolution with both gradients, so that the graph is a training's; what it gives. */
function trained(g: GraphBuilder, channels: number): Value {
  const [x, w] = [g.input("x", "float32", [2, 8, 8, 8]), g.input("w", "float32", [channels, 8, 3, 3])];
  const u = g.input("u", "float32", [2, channels, 8, 8]);
  const pads = [1, 1, 1, 1];
  g.output(g.op("ConvWeightGradient", [x, u], { pads, kernel_shape: [3, 3] }), "w_grad");
  g.output(g.op("ConvInputGradient", [u, w], { pads, image_shape: [8, 8] }), "x_grad");
  return g.op("Conv", [x, w], { pads });
}

/** By the statistics of the batch: y, μ and σ². */
function normed(g: GraphBuilder, x: Value, epsilon: number): readonly Value[] {
  const parameters = ["gamma", "beta", "mean", "variance"].map((name) =>
    g.input(name, "float32", [x.shape[1]!]),
  );
  return g.node({
    name: "norm",
    op: "BatchNormalization",
    inputs: [x.name, ...parameters.map(({ name }) => name)],
    outputs: ["normed", "batch_mean", "batch_variance"],
    attributes: { epsilon, momentum: 0, training_mode: 1 },
  });
}

function feedsOf(graph: Graph): Record<string, Tensor> {
  const drawn = (name: string): Tensor => {
    const { dtype, shape } = graph.values.get(name)!;
    if (dtype === "int64") return tensor("int64", shape, new BigInt64Array(sizeOf(shape)).fill(2n));
    const data = new Float32Array(sizeOf(shape));
    return tensor("float32", shape, createGenerator(5).stream(name).fillUniform(data, 0.5, 1.5));
  };
  return Object.fromEntries(graph.inputs.map((name) => [name, drawn(name)]));
}

async function expectStandard(graph: Graph): Promise<void> {
  const block = (await layoutBlock()) ?? 8;
  const lowered = lowerInBlocks(graph, block, EVERYTHING)!;
  const standard = modelFromGraph(foldConstants(standardGraph(graph)));
  const expected = await runOriginal(standard, feedsOf(graph));
  if ((await layoutBlock()) === undefined) return;
  const found = await runOriginal(lowered.model, feedsOf(graph), "disabled");
  for (const name of graph.outputs) {
    const [numbers, wanted] = [found, expected].map((all) => Array.from(all[name]!.data, Number)) as [
      number[],
      number[],
    ];
    const largest = Math.max(...wanted.map(Math.abs));
    numbers.forEach((value, i) => expect(Math.abs(value - wanted[i]!), name).toBeLessThan(1e-4 * largest));
  }
}

describe("graphs of a training in blocks", () => {
  it("normalise without ε although a channel that fills up the last block does not vary", async () => {
    const g = new GraphBuilder("no-epsilon");
    const [y, mean, variance] = normed(g, trained(g, 12), 0) as [Value, Value, Value];
    g.output(g.op("Conv", [g.op("Relu", [y]), g.input("w2", "float32", [8, 12, 3, 3])]), "z");
    g.output(mean, "m");
    g.output(variance, "v");
    await expectStandard(g.build());
  });

  it("tell a difference from the mean of each channel from one along another axis", async () => {
    const g = new GraphBuilder("differences");
    const x = trained(g, 8);
    const [y, mean] = normed(g, x, 1e-5) as [Value, Value];
    for (const [name, shape] of Object.entries({ rows: [1, 1, 1, 8], channels: [1, 8, 1, 1] })) {
      g.output(g.op("Sub", [x, g.op("Reshape", [mean, g.ints(shape)])]), name);
    }
    g.output(g.op("Relu", [y]), "z");
    await expectStandard(g.build());
  });

  it("multiply whole numbers by their transpose", async () => {
    const g = new GraphBuilder("whole");
    g.output(g.op("Relu", [trained(g, 8)]), "z");
    const p = g.input("p", "int64", [3, 2]);
    g.output(g.op("MatMul", [g.op("Transpose", [p], { perm: [1, 0] }), p]), "product");
    await expectStandard(g.build());
  });

  it("leave a depthwise weight to standard operators whose pads go beyond its cotangent", async () => {
    const g = new GraphBuilder("pads");
    const [x, u] = ["x", "u"].map((name) => g.input(name, "float32", [2, 12, 2, 2])) as [Value, Value];
    const attributes = { pads: [2, 2, 2, 2], group: 12, kernel_shape: [5, 5] };
    g.output(g.op("ConvWeightGradient", [x, u], attributes), "w_grad");
    await expectStandard(g.build());
    const { model } = lowerInBlocks(g.build(), 8, EVERYTHING)!;
    expect(model.graph.nodes.filter(({ opType }) => opType === "Conv")).toEqual([]);
  });
});

it("weights of small maps in float64 take gradients, zero where no tap meets a pixel", async () => {
  const g = new GraphBuilder("double");
  const [x, u] = ["x", "u"].map((name) =>
    g.op("Cast", [g.input(name, "float32", [2, 8, 1, 1])], { to: "float64" }),
  ) as [Value, Value];
  g.output(g.op("ConvWeightGradient", [x, u], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }), "w_grad");
  const graph = g.build();
  const programs = [
    await compile(graph, { threads: 1 }),
    await compile(graph, { threads: 1, optimization: "extended" }),
  ];
  const [found, expected] = await Promise.all(
    programs.map(async (program) => (await program.run(feedsOf(graph)))["w_grad"]!),
  );
  await Promise.all(programs.map((program) => program.dispose()));
  expect(found).toEqual(expected);
});
