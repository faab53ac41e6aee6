import {
  foldConstants,
  GraphBuilder,
  modelFromGraph,
  standardGraph,
  type Graph,
  type Value,
} from "../../../graph/index.js";
import { writeModel, type Model } from "../../../onnx/index.js";
import { createGenerator, sizeOf, tensor } from "../../../tensor/index.js";
import { noteLayout } from "../../layouts.js";
import { InferenceSession, Tensor } from "../../onnxruntime.js";
import { blockSize } from "../convolution/block-size.js";
import { steadyValues } from "../steady.js";
import { inBlocks } from "./index.js";

/** Far more than float32 rounds, far less than any channel in the wrong place. */
const TOLERANCE = 1e-4;

let found: Promise<number | undefined> | undefined;

/**
 * Channels of a block where {@link inBlocks} can be relied on: this processor has the layout, and a small network with its
 * gradient gives in blocks what ONNX's own operators give. They are internal to ONNX Runtime, and may change with a version.
 */
export async function layoutBlock(): Promise<number | undefined> {
  found ??= tested();
  const block = await found;
  noteLayout(block === undefined ? "standard" : block === 8 ? "blocks of 8" : "blocks of 16");
  return block;
}

async function tested(): Promise<number | undefined> {
  const block = await blockSize();
  if (block === undefined) return undefined;
  const problem = await problemOf(block).catch((error: unknown) => String(error));
  if (problem === undefined) return block;
  process.emitWarning(
    `ONNX Runtime's blocked layout cannot be used: ${problem}. Gradients are computed with standard operators, which is slower.`,
  );
  return undefined;
}

/** What is wrong with the layout in blocks of so many channels; undefined where nothing is. */
export async function problemOf(block: number): Promise<string | undefined> {
  for (const graph of [selfTestGraph(block), updateSelfTestGraph(block)]) {
    const wrong = await differing(graph, block);
    if (wrong !== undefined) return `"${wrong}" of its self-test is not what standard operators give`;
  }
  return undefined;
}

/** The first output that is not the same in blocks as in standard operators. */
async function differing(graph: Graph, block: number): Promise<string | undefined> {
  const takesAnyWeight = graph.inputs.length > 1;
  const { model } = inBlocks(graph, { block, isSteady: steadyValues(graph), takesAnyWeight });
  const found = await outputsOf(model, graph);
  const expected = await outputsOf(modelFromGraph(foldConstants(standardGraph(graph))), graph);
  return graph.outputs.find((name) => {
    const [numbers, wanted] = [found[name]!, expected[name]!];
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return !numbers.every((value, i) => Math.abs(value - wanted[i]!) < TOLERANCE * largest);
  });
}

async function outputsOf(model: Model, { inputs, values }: Graph): Promise<Record<string, Float32Array>> {
  const feeds = inputs.map((name) => {
    const { shape } = values.get(name)!;
    return [name, new Tensor("float32", numbers(name, shape), shape)] as const;
  });
  const session = await InferenceSession.create(writeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    graphOptimizationLevel: "disabled",
  });
  try {
    const outputs = Object.entries(await session.run(Object.fromEntries(feeds)));
    return Object.fromEntries(outputs.map(([name, { data }]) => [name, data as Float32Array]));
  } finally {
    await session.release();
  }
}

const numbers = (name: string, shape: readonly number[]): Float32Array =>
  createGenerator(0)
    .stream(name)
    .fillUniform(new Float32Array(sizeOf(shape)), -1, 1);

/** Numbers of a constant that scales: near 1, so that what follows is neither lost nor blown up. */
const nearOne = (name: string, size: number): Float32Array => numbers(name, [size]).map((x) => 1 + x / 4);

/** Every kind of operator of an attack in the layout, with channels that fill their blocks and others that do not. */
export function selfTestGraph(block: number): Graph {
  const g = new GraphBuilder("layout-self-test");
  const odd = block + 4;
  const weight = (...shape: number[]): Value =>
    g.constant(tensor("float32", shape, numbers(shape.join(), shape)));
  const pads = [1, 1, 1, 1];
  const image = g.input("image", "float32", [2, 3, 8, 8]);
  const stem = g.op("Relu", [g.op("Conv", [image, weight(block, 3, 3, 3), weight(block)], { pads })]);
  const window = { kernel_shape: [3, 3], strides: [2, 2], pads };
  const pooled = g.op("MaxPool", [stem], window);
  const [wide, back, slow] = [weight(odd, block, 3, 3), weight(block, odd, 1, 1), weight(odd, 1, 3, 3)];
  const middle = g.op("Relu", [g.op("Conv", [pooled, wide, weight(odd)], { pads })]);
  const depthwise = g.op("Conv", [middle, slow], { pads, strides: [2, 2], group: odd });
  const added = g.op("Add", [g.op("Conv", [middle, back]), pooled]);
  const means = g.op("GlobalAveragePool", [depthwise]);
  g.output(means, "means");
  // A transposition is none of the layout's: its maps are reordered on both sides.
  const turned = g.op("Conv", [g.op("Transpose", [middle], { perm: [0, 1, 3, 2] }), back]);
  g.output(sideBySide(g, g.op("Add", [added, turned]), weight), "branches");
  const masked = g.op("Mul", [added, g.op("HardSigmoid", [added], { alpha: 3e38, beta: 0 })]);
  const fromBack = g.op("ConvInputGradient", [masked, back], { image_shape: [4, 4] });
  const strided = { pads, strides: [2, 2], group: odd, image_shape: [4, 4] };
  const toSlow = g.op("Mul", [depthwise, means]);
  const fromSlow = g.op("ConvInputGradient", [toSlow, slow], strided);
  const ofSlow = { pads, strides: [2, 2], group: odd, kernel_shape: [3, 3] };
  g.output(g.op("ConvWeightGradient", [middle, toSlow], ofSlow), "slow_grad");
  const toPool = g.op("ConvInputGradient", [g.op("Add", [fromBack, fromSlow]), wide], {
    pads,
    image_shape: [4, 4],
  });
  g.output(g.op("MaxPoolGradient", [stem, toPool], window), "stem_grad");
  return g.build();
}

/** The other pools, activations and shapes, of maps `[N, block, 4, 4]`. */
function sideBySide(g: GraphBuilder, x: Value, weight: (...shape: number[]) => Value): Value {
  const [, block] = x.shape as [number, number];
  const around = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const bounds = [g.scalar(-0.5), g.scalar(0.5)];
  const ends: readonly ((y: Value) => Value)[] = [
    (y) => g.op("Clip", [y, ...bounds]),
    (y) => g.op("LeakyRelu", [y], { alpha: 0.1 }),
    (y) => g.op("Sigmoid", [y]),
    (y) => g.op("Tanh", [y]),
    (y) => g.op("HardSigmoid", [y], { alpha: 0.2, beta: 0.4 }),
  ];
  const ended = ends.map((end) => end(g.op("Conv", [x, weight(block, block, 1, 1)])));
  const side = g.op("Concat", [...ended, g.op("AveragePool", [x], around)], { axis: 1 });
  const counted = g.op("AveragePool", [x], { ...around, count_include_pad: 1 });
  const grouped = g.op("Conv", [side, weight(2 * block, 3 * block, 3, 3)], {
    pads: [2, 2, 2, 2],
    dilations: [2, 2],
    group: 2,
  });
  const parameters = ["gamma", "beta", "mean", "variance"].map((name) =>
    g.constant(tensor("float32", [2 * block], nearOne(name, 2 * block))),
  );
  const normed = g.op("BatchNormalization", [grouped, ...parameters]);
  const second = g.op("Slice", [normed, g.ints([block]), g.ints([2 * block]), g.ints([1])]);
  return g.op("Mul", [g.op("Add", [second, counted]), g.op("GlobalMaxPool", [x])]);
}

/** What only updates have in the layout: weights that are fed, a norm by its batch, sums over it. */
export function updateSelfTestGraph(block: number): Graph {
  const g = new GraphBuilder("layout-self-test-of-updates");
  const odd = block + 4;
  const pads = [1, 1, 1, 1];
  const fed = (name: string, ...shape: number[]): Value => g.input(name, "float32", shape);
  const image = fed("image", 2, block, 8, 8);
  const [dense, slow] = [fed("dense", odd, block, 3, 3), fed("slow", odd, 1, 3, 3)];
  const maps = g.op("Conv", [image, dense, fed("bias", odd)], { pads });
  const parameters = ["gamma", "beta", "mean", "variance"].map((name) => fed(name, odd));
  const [normed, mean, variance] = g.node({
    name: "norm",
    op: "BatchNormalization",
    inputs: [maps.name, ...parameters.map(({ name }) => name)],
    outputs: ["normed", "batch_mean", "batch_variance"],
    attributes: { epsilon: 1e-5, momentum: 0, training_mode: 1 },
  }) as [Value, Value, Value];
  g.output(mean, "means");
  g.output(variance, "variances");
  const active = g.op("Relu", [normed]);
  const depthwise = { pads, group: odd };
  const found = g.op("Conv", [active, slow], depthwise);
  g.output(found, "maps");
  g.output(g.op("ConvWeightGradient", [active, found], { ...depthwise, kernel_shape: [3, 3] }), "slow_grad");
  const back = g.op("ConvInputGradient", [found, slow], { ...depthwise, image_shape: [8, 8] });
  const overBatch = g.ints([0, 2, 3]);
  const centred = g.op("Sub", [maps, g.op("Reshape", [mean, g.ints([1, odd, 1, 1])])]);
  g.output(g.op("ReduceSum", [g.op("Mul", [back, centred]), overBatch], { keepdims: 0 }), "gamma_grad");
  g.output(g.op("ReduceSum", [back, overBatch], { keepdims: 0 }), "beta_grad");
  g.output(g.op("ConvInputGradient", [back, dense], { pads, image_shape: [8, 8] }), "image_grad");
  return g.build();
}
