import type { OpType } from "../../src/graph/index.js";
import { createGenerator, float32, int64, tensor } from "../../src/tensor/index.js";
import type { GraphBuilder, Value } from "../../src/graph/index.js";
import type { CaseInput, GradCase } from "./check.js";

/** Shapes of every binary op: equal, broadcast either way, both ways, and of unequal rank. */
const PAIRS: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["equal shapes", [2, 3], [2, 3]],
  ["the right broadcast", [2, 3], [3]],
  ["the left broadcast", [1, 3], [2, 1, 3]],
  ["both broadcast", [2, 1], [1, 3]],
  ["a scalar", [2, 2], []],
];

const unary = (op: OpType, input: Omit<CaseInput, "shape"> = {}, attributes = {}): GradCase[] => [
  { name: op, inputs: [{ shape: [2, 3], ...input }], build: (g, [x]) => g.op(op, [x], attributes) },
];

const binary = (op: OpType, left: Partial<CaseInput> = {}, right: Partial<CaseInput> = left): GradCase[] =>
  PAIRS.map(([name, a, b]) => ({
    name: `${op}, ${name}`,
    inputs: [
      { ...left, shape: a },
      { ...right, shape: b },
    ],
    build: (g, inputs) => g.op(op, inputs),
  }));

const reduction = (op: OpType, input: Omit<CaseInput, "shape"> = {}): GradCase[] =>
  (
    [
      ["all axes", undefined, 0],
      ["a middle axis kept", [1], 1],
      ["two axes dropped", [0, -1], 0],
    ] as const
  ).map(([name, axes, keepdims]) => ({
    name: `${op}, ${name}`,
    inputs: [{ shape: [2, 3, 2], ...input }],
    build: (g, [x]) => g.op(op, axes === undefined ? [x] : [x, g.ints(axes)], { keepdims }),
  }));

const one = (
  name: string,
  shape: readonly number[],
  build: (g: GraphBuilder, x: Value) => Value,
): GradCase => ({
  name,
  inputs: [{ shape }],
  build: (g, [x]) => build(g, x!),
});

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
  ] as const
).map(([name, image, weight, attributes]) => ({
  name: `ConvTranspose, ${name}`,
  inputs: [{ shape: image }, { shape: weight }],
  build: (g, inputs) => g.op("ConvTranspose", inputs, attributes),
}));

const pool = (op: OpType, name: string, attributes: Record<string, number | number[]>): GradCase => ({
  name: `${op}, ${name}`,
  inputs: [{ shape: [1, 2, 5, 5], apart: 0.1 }],
  build: (g, [x]) => g.op(op, [x], attributes),
});

const pools = (op: OpType): GradCase[] => [
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

const positive = { low: 0.5, high: 2 };
const kinked = { awayFromZero: 0.1 };

/** Rows by op. Ops whose derivative is zero almost everywhere have none. */
export const CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Identity: unary("Identity"),
  Neg: unary("Neg"),
  Abs: unary("Abs", kinked),
  Exp: unary("Exp"),
  Log: unary("Log", positive),
  Sqrt: unary("Sqrt", positive),
  Reciprocal: unary("Reciprocal", positive),
  Relu: unary("Relu", kinked),
  Sigmoid: unary("Sigmoid"),
  Tanh: unary("Tanh"),
  // Kinks at ±0.5 / 0.8: all three pieces are met, none near its ends.
  HardSigmoid: unary("HardSigmoid", { apart: 0.37 }, { alpha: 0.8, beta: 0.5 }),
  Cast: [one("Cast", [3], (g, x) => g.op("Cast", [g.op("Cast", [x], { to: "float64" })], { to: "float32" }))],
  Clip: [
    {
      name: "Clip",
      inputs: [{ shape: [8], apart: 0.3 }],
      build: (g, [x]) => g.op("Clip", [x, g.scalar(-0.5), g.scalar(0.6)]),
    },
    {
      name: "Clip, below only",
      inputs: [{ shape: [8], apart: 0.3 }],
      build: (g, [x]) => g.op("Clip", [x, g.scalar(0)]),
    },
  ],
  Add: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  Div: binary("Div", {}, positive),
  Pow: binary("Pow", positive, {}),
  Max: [...binary("Max", { apart: 0.21 }, { apart: 0.13 })],
  Min: [...binary("Min", { apart: 0.21 }, { apart: 0.13 })],
  Sum: [
    {
      name: "Sum of three, broadcast",
      inputs: [{ shape: [2, 3] }, { shape: [3] }, { shape: [2, 1] }],
      build: (g, inputs) => g.op("Sum", inputs),
    },
  ],
  Where: [
    {
      name: "Where, broadcast",
      inputs: [{ shape: [2, 3], ...kinked }, { shape: [3] }, { shape: [2, 1] }],
      build: (g, [x, a, b]) => g.op("Where", [g.op("Greater", [x, g.scalar(0)]), a, b]),
    },
  ],
  Reshape: [one("Reshape", [2, 6], (g, x) => g.op("Reshape", [x, g.ints([3, -1])]))],
  Flatten: [one("Flatten", [2, 3, 2], (g, x) => g.op("Flatten", [x], { axis: 1 }))],
  Transpose: [
    one("Transpose", [2, 3, 4], (g, x) => g.op("Transpose", [x], { perm: [2, 0, 1] })),
    {
      name: "Transpose, of a product",
      inputs: [{ shape: [2, 3] }, { shape: [3, 4] }, { shape: [2, 2] }],
      build: (g, [a, b, c]) =>
        g.op("MatMul", [g.op("Transpose", [g.op("MatMul", [a, b])], { perm: [1, 0] }), c]),
    },
    one("Transpose, reversed", [2, 3], (g, x) => g.op("Transpose", [x])),
  ],
  Squeeze: [one("Squeeze", [2, 1, 3, 1], (g, x) => g.op("Squeeze", [x, g.ints([1, -1])]))],
  Unsqueeze: [one("Unsqueeze", [2, 3], (g, x) => g.op("Unsqueeze", [x, g.ints([0, -1])]))],
  Expand: [one("Expand", [2, 1], (g, x) => g.op("Expand", [x, g.ints([3, 2, 4])]))],
  Concat: [
    {
      name: "Concat",
      inputs: [{ shape: [2, 1] }, { shape: [2, 3] }],
      build: (g, inputs) => g.op("Concat", inputs, { axis: -1 }),
    },
  ],
  Split: [
    {
      name: "Split, both parts used",
      inputs: [{ shape: [2, 5] }],
      build: (g, [x]) => g.ops("Split", [x, g.ints([2, 3])], { axis: 1 }, { outputs: 2 }),
    },
    {
      name: "Split, one part used",
      inputs: [{ shape: [4] }],
      build: (g, [x]) => g.ops("Split", [x, g.ints([1, 3])], { axis: 0 }, { outputs: 2 })[1]!,
    },
  ],
  Slice: [
    one("Slice", [4, 5], (g, x) => g.op("Slice", [x, g.ints([1]), g.ints([3]), g.ints([0])])),
    one("Slice, two axes with steps", [5, 6], (g, x) =>
      g.op("Slice", [x, g.ints([0, 1]), g.ints([5, 6]), g.ints([0, 1]), g.ints([2, 3])]),
    ),
    one("Slice, backwards", [4], (g, x) =>
      g.op("Slice", [x, g.ints([-1]), g.ints([-(2 ** 31)]), g.ints([0]), g.ints([-1])]),
    ),
    one("Slice, backwards in steps on two axes", [6, 5], (g, x) =>
      g.op("Slice", [x, g.ints([4, -1]), g.ints([0, -5]), g.ints([0, 1]), g.ints([-3, -2])]),
    ),
  ],
  Pad: [
    one("Pad", [2, 3], (g, x) => g.op("Pad", [x, g.ints([1, 0, 0, 2])])),
    one("Pad, cropping", [4, 4], (g, x) => g.op("Pad", [x, g.ints([-1, 0, 1, -2])])),
  ],
  Gather: [
    one("Gather, an index twice", [4, 2], (g, x) => g.op("Gather", [x, g.ints([1, 3, 1])], { axis: 0 })),
    one("Gather, few of many rows", [9, 2], (g, x) => g.op("Gather", [x, g.ints([4, 4])], { axis: 0 })),
    one("Gather, every row once", [3, 2], (g, x) => g.op("Gather", [x, g.ints([2, 0, 1])], { axis: 0 })),
    one("Gather, a scalar index", [2, 3], (g, x) =>
      g.op("Gather", [x, g.constant(int64([], [-1]))], { axis: 1 }),
    ),
  ],
  GatherElements: [
    one("GatherElements", [2, 3], (g, x) =>
      g.op("GatherElements", [x, g.constant(int64([2, 2], [0, 0, 2, 1]))], { axis: 1 }),
    ),
  ],
  ScatterElements: [
    {
      name: "ScatterElements, adding to one place twice",
      inputs: [{ shape: [2, 3] }, { shape: [2, 2] }],
      build: (g, [x, updates]) =>
        g.op("ScatterElements", [x, g.constant(int64([2, 2], [0, 0, 2, 1])), updates], {
          axis: 1,
          reduction: "add",
        }),
    },
  ],
  Conv: [...convolutions, ...stems],
  ConvTranspose: transposedConvolutions,
  MaxPool: pools("MaxPool"),
  AveragePool: [
    ...pools("AveragePool"),
    pool("AveragePool", "padding counted", {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    }),
  ],
  GlobalAveragePool: [one("GlobalAveragePool", [2, 2, 3, 2], (g, x) => g.op("GlobalAveragePool", [x]))],
  GlobalMaxPool: [
    {
      name: "GlobalMaxPool",
      inputs: [{ shape: [2, 2, 3, 2], apart: 0.1 }],
      build: (g, [x]) => g.op("GlobalMaxPool", [x]),
    },
  ],
  BatchNormalization: [
    batchNormalization(0),
    batchNormalization(1),
    batchNormalization(1, 0.9),
    twoBatchNormalizations(false),
    twoBatchNormalizations(true),
  ],
  Gemm: [0, 1].flatMap((transA) =>
    [0, 1].map((transB) => ({
      name: `Gemm, transA ${transA}, transB ${transB}`,
      inputs: [{ shape: transA ? [3, 2] : [2, 3] }, { shape: transB ? [4, 3] : [3, 4] }, { shape: [4] }],
      build: (g: GraphBuilder, inputs: readonly Value[]) =>
        g.op("Gemm", inputs, { transA, transB, alpha: 0.5, beta: 2 }),
    })),
  ),
  MatMul: (
    [
      ["matrices", [2, 3], [3, 4]],
      ["batched", [2, 2, 3], [2, 3, 2]],
      ["batch broadcast", [2, 1, 2, 3], [3, 3, 2]],
      ["a vector on the left", [3], [3, 2]],
      ["a vector on the right", [2, 2, 3], [3]],
    ] as const
  ).map(([name, a, b]) => ({
    name: `MatMul, ${name}`,
    inputs: [{ shape: a }, { shape: b }],
    build: (g, inputs) => g.op("MatMul", inputs),
  })),
  Softmax: [
    one("Softmax", [2, 4], (g, x) => g.op("Softmax", [x])),
    one("Softmax, first axis", [3, 2], (g, x) => g.op("Softmax", [x], { axis: 0 })),
  ],
  LogSoftmax: [
    one("LogSoftmax", [2, 4], (g, x) => g.op("LogSoftmax", [x])),
    one("LogSoftmax, middle axis", [2, 3, 2], (g, x) => g.op("LogSoftmax", [x], { axis: 1 })),
  ],
  Dropout: [one("Dropout", [2, 3], (g, x) => g.op("Dropout", [x]))],
  ReduceSum: reduction("ReduceSum"),
  ReduceMean: reduction("ReduceMean"),
  ReduceMax: reduction("ReduceMax", { apart: 0.1 }),
  ReduceMin: reduction("ReduceMin", { apart: 0.1 }),
  ReduceL2: reduction("ReduceL2", positive),
  ReduceSumSquare: reduction("ReduceSumSquare"),
  ReduceLogSumExp: reduction("ReduceLogSumExp"),
};
