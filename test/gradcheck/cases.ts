import type { OpType } from "../../src/graph/index.js";
import { float32, int64 } from "../../src/tensor/index.js";
import type { GraphBuilder, Value } from "../../src/graph/index.js";
import type { CaseInput, GradCase } from "./check.js";
import { ACTIVATIONS_CASES } from "./activations-cases.js";
import { NORMALISATION_CASES } from "./normalisation-cases.js";
import { CONTRACTION_CASES } from "./contraction-cases.js";
import { INDEXING_CASES } from "./indexing-cases.js";
import { CONVOLUTION_CASES } from "./convolution-cases.js";
import { POOLING_CASES } from "./pooling-cases.js";

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
    ...(["reflect", "edge", "wrap"] as const).flatMap((mode) => [
      one(`Pad, ${mode}`, [3, 4], (g, x) => g.op("Pad", [x, g.ints([2, 1, 1, 3])], { mode })),
      one(`Pad, ${mode}, one axis`, [2, 3], (g, x) =>
        g.op("Pad", [x, g.ints([0, 2]), null, g.ints([-1])], { mode }),
      ),
    ]),
    one("Pad, an edge longer than the axis", [2, 2], (g, x) =>
      g.op("Pad", [x, g.ints([0, 5, 3, 0])], { mode: "edge" }),
    ),
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
  ...ACTIVATIONS_CASES,
  ...NORMALISATION_CASES,
  ...CONTRACTION_CASES,
  ...INDEXING_CASES,
  ...CONVOLUTION_CASES,
  ...POOLING_CASES,
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
  ReduceProd: [
    ...reduction("ReduceProd", positive),
    {
      name: "ReduceProd, with zeros",
      inputs: [{ shape: [2, 3], ...positive }],
      build: (g, [x]) => {
        // Differences need a zero that stays one: the first column of the first row, twice.
        const mask = g.constant(float32([2, 3], [0, 1, 1, 1, 1, 1]));
        return g.op("ReduceProd", [g.op("Mul", [x, mask]), g.ints([1])], { keepdims: 0 });
      },
    },
  ],
  ReduceL2: reduction("ReduceL2", positive),
  ReduceSumSquare: reduction("ReduceSumSquare"),
  ReduceLogSumExp: reduction("ReduceLogSumExp"),
};
