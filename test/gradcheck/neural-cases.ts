import type { GraphBuilder, OpType, Value } from "../../src/graph/index.js";
import { createGenerator, float32, tensor } from "../../src/tensor/index.js";
import type { GradCase } from "./check.js";

/** Convolutions: name, image, weight, attributes. */
const CONVOLUTIONS: readonly (readonly [
  string,
  number[],
  number[],
  Record<string, number | number[] | string>,
])[] = [
  ["1×1", [2, 3, 3, 3], [2, 3, 1, 1], {}],
  ["3×3, padded", [1, 2, 4, 4], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  ["3×3, stride 2", [1, 2, 5, 6], [2, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  ["stride beyond the kernel", [1, 1, 5, 5], [2, 1, 1, 1], { strides: [2, 3] }],
  ["pixels that no window meets", [1, 1, 6, 6], [1, 1, 2, 2], { strides: [3, 3] }],
  ["uneven padding", [1, 1, 4, 3], [2, 1, 3, 2], { pads: [0, 1, 2, 0] }],
  ["dilated", [1, 2, 6, 6], [1, 2, 3, 3], { dilations: [2, 2], pads: [1, 1, 1, 1] }],
  ["two groups, stride 2", [1, 4, 4, 4], [4, 2, 3, 3], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }],
  ["depthwise", [2, 3, 3, 3], [3, 1, 2, 2], { group: 3 }],
  ["SAME_UPPER", [1, 1, 5, 5], [1, 1, 3, 3], { auto_pad: "SAME_UPPER", strides: [2, 2] }],
  ["one dimension", [2, 2, 5], [3, 2, 3], { strides: [2], pads: [1, 1] }],
  ["SAME_LOWER", [1, 1, 4, 5], [1, 1, 2, 3], { auto_pad: "SAME_LOWER", strides: [1, 2] }],
  [
    "one dimension, depthwise, dilated",
    [1, 2, 6],
    [2, 1, 2],
    { group: 2, strides: [2], dilations: [3], pads: [1, 0] },
  ],
  [
    "groups, strides and dilations",
    [1, 4, 5, 4],
    [2, 2, 2, 2],
    { group: 2, strides: [2, 1], dilations: [2, 1] },
  ],
  ["depthwise multiplier", [1, 2, 3, 3], [4, 1, 2, 2], { group: 2, strides: [2, 2], pads: [1, 0, 0, 1] }],
  ["three dimensions", [1, 1, 3, 2, 3], [2, 1, 2, 2, 2], { strides: [2, 1, 1], pads: [1, 0, 0, 0, 1, 0] }],
  ["padding beyond the kernel", [1, 1, 2, 2], [1, 1, 2, 1], { pads: [3, 2, 2, 1] }],
  [
    "padding beyond the kernel, stride 2",
    [1, 1, 2, 2],
    [1, 1, 2, 1],
    { pads: [3, 2, 2, 1], strides: [2, 2] },
  ],
  ["many channels on a large map", [1, 5, 3, 3], [1, 5, 2, 2], {}],
  ["many channels on a small map", [2, 5, 2, 2], [4, 5, 2, 2], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  ["1×1, many channels on a small map", [2, 5, 2, 2], [6, 5, 1, 1], { strides: [2, 2] }],
];

const convolutions: GradCase[] = CONVOLUTIONS.map(([name, image, weight, attributes]) => ({
  name: `Conv, ${name}`,
  inputs: [{ shape: image }, { shape: weight }, { shape: [weight[0]!] }],
  build: (g, inputs) => g.op("Conv", inputs, attributes),
}));

/** Attacks have constant weights: the gradient of a strided stem then takes a form of its own. */
const stems: GradCase[] = (
  [
    ["5×5, stride 2", [1, 3, 6, 7], [2, 3, 5, 5], { strides: [2, 2], pads: [2, 2, 2, 2] }],
    ["7×7, stride 2", [1, 3, 8, 8], [2, 3, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }],
    ["4×3, strides 3 and 2", [2, 1, 8, 5], [2, 1, 4, 3], { strides: [3, 2], pads: [1, 0, 2, 1] }],
    ["many channels, stride 2", [1, 5, 4, 4], [2, 5, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  ] as [string, number[], number[], Record<string, number[]>][]
).map(([name, image, shape, attributes]) => ({
  name: `Conv, constant weight, ${name}`,
  inputs: [{ shape: image }],
  build: (g, [x]) => {
    const weight = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    createGenerator(3).stream(name).fillUniform(weight, -1, 1);
    // Its square, so that the second order is not 0.
    const y = g.op("Conv", [x, g.initializer("weight", tensor("float32", shape, weight))], attributes);
    return g.op("Mul", [y, y]);
  },
}));

const transposedConvolutions: GradCase[] = (
  [
    ["stride 1", [1, 2, 3, 3], [2, 3, 2, 2], {}],
    [
      "stride 2 with output padding",
      [1, 2, 3, 3],
      [2, 2, 3, 3],
      { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    ],
    ["groups", [1, 4, 2, 2], [4, 1, 3, 3], { group: 2, strides: [2, 2] }],
    [
      "groups, strides and dilations",
      [1, 4, 2, 2],
      [4, 2, 2, 2],
      { group: 2, strides: [2, 1], dilations: [1, 2] },
    ],
    ["uneven padding", [1, 1, 3, 3], [1, 2, 3, 3], { pads: [0, 1, 2, 0] }],
    ["one dimension", [2, 2, 3], [2, 1, 3], { strides: [3], pads: [1, 1], output_padding: [2] }],
    ["three dimensions", [1, 1, 2, 2, 1], [1, 2, 2, 1, 2], { strides: [2, 1, 1] }],
  ] as const
).map(([name, image, weight, attributes]) => ({
  name: `ConvTranspose, ${name}`,
  inputs: [{ shape: image }, { shape: weight }],
  build: (g, inputs) => g.op("ConvTranspose", inputs, attributes),
}));

const poolOf = (
  op: OpType,
  shape: readonly number[],
  name: string,
  attributes: Record<string, number | number[] | string>,
): GradCase => ({
  name: `${op}, ${name}`,
  inputs: [{ shape, apart: 0.1 }],
  build: (g, [x]) => g.op(op, [x], attributes),
});

const pool = (op: OpType, name: string, attributes: Record<string, number | number[]>): GradCase =>
  poolOf(op, [1, 2, 5, 5], name, attributes);

const pools = (op: OpType): GradCase[] => [
  poolOf(op, [1, 1, 6, 5], "dilated", { kernel_shape: [2, 2], dilations: [2, 3], strides: [2, 1] }),
  poolOf(op, [1, 1, 6, 5], "ceil mode, padded", {
    kernel_shape: [3, 2],
    strides: [3, 2],
    pads: [1, 0, 1, 0],
    ceil_mode: 1,
  }),
  poolOf(op, [1, 1, 6, 5], "ceil mode, dilated", {
    kernel_shape: [2, 2],
    dilations: [2, 1],
    strides: [3, 3],
    ceil_mode: 1,
  }),
  poolOf(op, [1, 1, 4, 5], "SAME_UPPER", { kernel_shape: [3, 2], strides: [2, 2], auto_pad: "SAME_UPPER" }),
  poolOf(op, [1, 1, 4, 5], "SAME_LOWER", { kernel_shape: [3, 2], strides: [1, 2], auto_pad: "SAME_LOWER" }),
  poolOf(op, [2, 2, 5], "one dimension", { kernel_shape: [3], strides: [2], pads: [1, 0] }),
  poolOf(op, [1, 1, 3, 2, 3], "three dimensions", { kernel_shape: [2, 1, 2], pads: [1, 0, 0, 0, 0, 1] }),
  pool(op, "2×2", { kernel_shape: [2, 2], strides: [2, 2] }),
  pool(op, "3×3, stride 2, padded", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool(op, "overlapping", { kernel_shape: [3, 3], strides: [1, 1] }),
  pool(op, "ceil mode", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
];

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

/** Rows of convolutions, pooling and normalisation, by op. */
export const NEURAL_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Conv: [...convolutions, ...stems],
  ConvTranspose: transposedConvolutions,
  Col2Im: (
    [
      ["overlapping", [1, 8, 4], [3, 3], [2, 2], {}],
      [
        "strides, dilations, pads",
        [2, 4, 2],
        [4, 3],
        [2, 1],
        { strides: [2, 2], dilations: [3, 1], pads: [1, 0, 0, 1] },
      ],
      ["one dimension", [2, 6, 2], [6], [3], { strides: [3] }],
    ] as const
  ).map(([name, shape, image, block, attributes]) => ({
    name: `Col2Im, ${name}`,
    inputs: [{ shape }],
    // Its square, so that the second order is not 0.
    build: (g, [x]) => {
      const y = g.op("Col2Im", [x, g.ints(image), g.ints(block)], attributes);
      return g.op("Mul", [y, y]);
    },
  })),
  MaxPool: [
    ...pools("MaxPool"),
    pool("MaxPool", "column-major indices", { kernel_shape: [2, 2], storage_order: 1 }),
    {
      name: "MaxPool, its indices used",
      inputs: [{ shape: [1, 1, 3, 4], apart: 0.1 }],
      build: (g, [x]) => {
        const attributes = { kernel_shape: [2, 2], strides: [1, 2] };
        const [y, indices] = g.ops("MaxPool", [x], attributes, { outputs: 2 });
        return g.op("Mul", [g.op("Mul", [y, y]), g.op("Cast", [indices], { to: "float32" })]);
      },
    },
  ],
  AveragePool: [
    ...pools("AveragePool"),
    pool("AveragePool", "padding counted", {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    }),
    poolOf("AveragePool", [1, 1, 6, 5], "padding counted, ceil mode", {
      kernel_shape: [3, 2],
      strides: [3, 2],
      pads: [1, 0, 1, 0],
      count_include_pad: 1,
      ceil_mode: 1,
    }),
    poolOf("AveragePool", [1, 1, 6, 5], "padding counted, dilated", {
      kernel_shape: [2, 2],
      dilations: [2, 3],
      strides: [1, 2],
      pads: [1, 1, 0, 1],
      count_include_pad: 1,
    }),
  ],
  GlobalAveragePool: [
    {
      name: "GlobalAveragePool",
      inputs: [{ shape: [2, 2, 3, 2] }],
      build: (g, [x]) => g.op("GlobalAveragePool", [x]),
    },
    poolOf("GlobalAveragePool", [2, 2, 3], "one dimension", {}),
    poolOf("GlobalAveragePool", [1, 2, 2, 1, 2], "three dimensions", {}),
  ],
  GlobalMaxPool: [
    {
      name: "GlobalMaxPool",
      inputs: [{ shape: [2, 2, 3, 2], apart: 0.1 }],
      build: (g, [x]) => g.op("GlobalMaxPool", [x]),
    },
    poolOf("GlobalMaxPool", [2, 2, 3], "one dimension", {}),
    poolOf("GlobalMaxPool", [1, 2, 2, 1, 2], "three dimensions", {}),
  ],
  BatchNormalization: [
    batchNormalization(0),
    batchNormalization(1),
    batchNormalization(1, 0.9),
    ...batchNormalizations,
    twoBatchNormalizations(false),
    twoBatchNormalizations(true),
  ],
};
