import type { GraphBuilder, Value } from "../../src/graph/index.js";
import { float32 } from "../../src/tensor/index.js";
import type { GradCase } from "./check.js";

const parameter = { low: 0.5, high: 1.5 };

const batchNormalization = (training: 0 | 1, momentum = 0): GradCase => ({
  name: `BatchNormalization, ${training === 1 ? `training, momentum ${momentum}` : "inference"}`,
  inputs: [
    { shape: [3, 2, 2, 2] },
    { shape: [2], low: 0.5, high: 1.5 },
    { shape: [2] },
    ...(training === 1 ? [] : [{ shape: [2] }, { shape: [2], low: 0.5, high: 2 }]),
  ],
  build: (g, [x, scale, shift, mean, variance]) =>
    g.ops(
      "BatchNormalization",
      [
        x,
        scale,
        shift,
        mean ?? g.constant(float32([2], [0.1, -0.2])),
        variance ?? g.constant(float32([2], [0.7, 1.3])),
      ],
      training === 1 ? { training_mode: 1, momentum } : {},
      { outputs: training === 1 ? 3 : 1 },
    )[0]!,
});

/** Rows of features, of sequences and of volumes. */
const batchNormalizations: GradCase[] = [
  [4, 2],
  [2, 2, 3],
  [2, 2, 2, 1, 2],
].flatMap((shape) =>
  [0, 1].map((training) => ({
    name: `BatchNormalization of [${shape.join(", ")}], ${training === 1 ? "training" : "inference"}`,
    inputs: [{ shape }, { shape: [2], low: 0.5, high: 1.5 }, { shape: [2] }],
    build: (g: GraphBuilder, [x, scale, shift]: readonly Value[]) =>
      g.ops(
        "BatchNormalization",
        [x, scale, shift, g.constant(float32([2], [0.1, -0.2])), g.constant(float32([2], [0.7, 1.3]))],
        training === 1 ? { training_mode: 1, momentum: 0 } : {},
        { outputs: training === 1 ? 3 : 1 },
      )[0]!,
  })),
);

/** One after the other, with running statistics that ONNX Runtime overwrites: constants of both, or each its own. */
const twoBatchNormalizations = (own: boolean): GradCase => ({
  name: `BatchNormalization, training, twice, with ${own ? "statistics of their own" : "the same constants"}`,
  inputs: [{ shape: [3, 2, 2, 2] }, { shape: [2], low: 0.5, high: 1.5 }, { shape: [2] }, { shape: [2] }],
  build: (g, [x, scale, shift, running]) => {
    const statistic = (i: number): Value =>
      own ? g.op("Add", [running, g.scalar(i)]) : g.constant(float32([2], [0.1, 0.2]));
    const normalised = (maps: Value, first: number): Value =>
      g.ops(
        "BatchNormalization",
        [maps, scale, shift, statistic(first), statistic(first + 1)],
        { training_mode: 1, momentum: 0 },
        { outputs: 3 },
      )[0]!;
    return normalised(g.op("Exp", [normalised(x!, 1)]), 3);
  },
});

/** Rows of normalisations, by op. */
export const NORMALISATION_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  BatchNormalization: [
    batchNormalization(0),
    batchNormalization(1),
    batchNormalization(1, 0.9),
    ...batchNormalizations,
    twoBatchNormalizations(false),
    twoBatchNormalizations(true),
  ],
  LayerNormalization: [
    {
      name: "LayerNormalization, last axis",
      inputs: [{ shape: [2, 3, 4] }, { shape: [4], ...parameter }, { shape: [4] }],
      build: (g, inputs) => g.op("LayerNormalization", inputs),
    },
    {
      name: "LayerNormalization, two axes without bias",
      inputs: [{ shape: [2, 3, 2] }, { shape: [3, 2], ...parameter }],
      build: (g, inputs) => g.op("LayerNormalization", inputs, { axis: 1, epsilon: 0.01 }),
    },
    {
      name: "LayerNormalization, its statistics too",
      inputs: [{ shape: [3, 4] }, { shape: [4], ...parameter }, { shape: [4] }],
      build: (g, inputs) => g.ops("LayerNormalization", inputs, { epsilon: 0.1 }, { outputs: 3 }),
    },
    {
      name: "LayerNormalization, its statistics alone",
      inputs: [{ shape: [3, 4] }],
      build: (g, [x]) =>
        g
          .ops(
            "LayerNormalization",
            [x, g.op("Expand", [g.scalar(1), g.ints([4])])],
            { epsilon: 0.1 },
            { outputs: 3 },
          )
          .slice(1),
    },
  ],
  InstanceNormalization: [
    {
      name: "InstanceNormalization",
      inputs: [{ shape: [2, 2, 2, 3] }, { shape: [2], ...parameter }, { shape: [2] }],
      build: (g, inputs) => g.op("InstanceNormalization", inputs, { epsilon: 0.01 }),
    },
    {
      name: "InstanceNormalization, of rows",
      inputs: [{ shape: [2, 3, 4] }, { shape: [3], ...parameter }, { shape: [3] }],
      build: (g, inputs) => g.op("InstanceNormalization", inputs),
    },
  ],
  LRN: [
    {
      name: "LRN",
      inputs: [{ shape: [2, 4, 2, 2] }],
      build: (g, [x]) => g.op("LRN", [x], { size: 3, alpha: 0.9, beta: 0.6, bias: 1.5 }),
    },
    {
      name: "LRN, more neighbours than channels",
      inputs: [{ shape: [1, 3, 2, 1] }],
      build: (g, [x]) => g.op("LRN", [x], { size: 7, alpha: 2 }),
    },
  ],
};
