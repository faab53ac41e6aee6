import { windowOf, windowOutput } from "../../src/graph/index.js";
import { createGenerator, tensor } from "../../src/tensor/index.js";
import type { GradCase } from "./check.js";

export type Convolution = readonly [
  name: string,
  image: readonly number[],
  weight: readonly number[],
  attributes: Readonly<Record<string, number | readonly number[] | string>>,
];

export const CONVOLUTIONS: readonly Convolution[] = [
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
  ["taps that meet no pixel", [2, 3, 1, 1], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ["taps that meet no pixel, stride 2", [2, 3, 2, 2], [4, 3, 3, 3], { strides: [2, 2], pads: [2, 1, 0, 1] }],
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

/** The other two gradients of the trilinear form, of the same layers. */
const gradients = CONVOLUTIONS.map(([name, image, weight, attributes]) => {
  const kernel = weight.slice(2);
  const w = windowOf(attributes, image.slice(2), kernel);
  const maps = [image[0]!, weight[0]!, ...windowOutput(image.slice(2), w)];
  const byInput: GradCase = {
    name: `ConvInputGradient, ${name}`,
    inputs: [{ shape: maps }, { shape: weight }],
    build: (g, inputs) => g.op("ConvInputGradient", inputs, { ...attributes, image_shape: image.slice(2) }),
  };
  const byWeight: GradCase = {
    name: `ConvWeightGradient, ${name}`,
    inputs: [{ shape: image }, { shape: maps }],
    build: (g, inputs) => g.op("ConvWeightGradient", inputs, { ...attributes, kernel_shape: kernel }),
  };
  return { byInput, byWeight };
});

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

export const CONVOLUTION_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Conv: [...convolutions, ...stems],
  ConvTranspose: transposedConvolutions,
  ConvInputGradient: gradients.map(({ byInput }) => byInput),
  ConvWeightGradient: gradients.map(({ byWeight }) => byWeight),
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
};
