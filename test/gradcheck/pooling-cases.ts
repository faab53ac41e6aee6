import { windowOf, windowOutput, type OpType } from "../../src/graph/index.js";
import type { GradCase } from "./check.js";

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

export const POOLING_CASES: Readonly<Record<string, readonly GradCase[]>> = {
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
  MaxPoolGradient: (
    [
      ["overlapping", [1, 2, 5, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
      ["dilated, uneven", [2, 1, 6, 5], { kernel_shape: [2, 3], dilations: [2, 1], pads: [0, 1, 1, 0] }],
      ["one dimension", [1, 2, 7], { kernel_shape: [3], strides: [2] }],
    ] as const
  ).map(([name, image, attributes]) => {
    const spatial = image.slice(2);
    const out = windowOutput(spatial, windowOf(attributes, spatial));
    return {
      name: `MaxPoolGradient, ${name}`,
      inputs: [{ shape: image, apart: 0.1 }, { shape: [...image.slice(0, 2), ...out] }],
      // Its square, so that the second order is not 0.
      build: (g, [x, arrived]) => {
        const gradient = g.op("MaxPoolGradient", [x, arrived], attributes);
        return g.op("Mul", [gradient, gradient]);
      },
    };
  }),
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
};
