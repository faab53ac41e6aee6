import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, real, text, vector } from "../../../../test/model.js";
import { expectAsOriginal } from "../../../../test/original.js";
import type { Attribute, Model } from "../../../onnx/index.js";
import { createGenerator, float32, tensor, type Tensor } from "../../../tensor/index.js";
import { attributesOf, graphFromModel, isNode } from "../../index.js";

type Attributes = Readonly<Record<string, Attribute>>;

function weight(shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  createGenerator(2).stream("weight").fillUniform(data, -1, 1);
  return tensor("float32", shape, data);
}

const convolved = (op: string, shape: readonly number[], attributes: Attributes, image = [3, 8, 8]): Model =>
  modelOf(
    [node(op, ["x", "w", "b"], "y", attributes)],
    {
      w: weight(shape),
      b: weight([op === "Conv" ? shape[0]! : shape[1]! * ((attributes["group"]?.value as number) ?? 1)]),
    },
    { opset: 20, input: { shape: ["N", ...image] } },
  );

describe("Conv matches ONNX Runtime", () => {
  test.each([
    ["SAME_UPPER", [2, 3, 3, 2], { strides: ints(2, 3), auto_pad: text("SAME_UPPER") }],
    ["SAME_LOWER", [2, 3, 4, 2], { strides: ints(3, 1), auto_pad: text("SAME_LOWER") }],
    ["VALID", [2, 3, 3, 3], { dilations: ints(2, 1), auto_pad: text("VALID") }],
    [
      "depthwise, SAME_UPPER",
      [6, 1, 3, 3],
      { group: int(3), strides: ints(2, 2), auto_pad: text("SAME_UPPER") },
    ],
    ["pads beyond the kernel", [2, 3, 2, 2], { pads: ints(3, 2, 2, 4) }],
  ] as const)("%s", async (_, shape, attributes) => {
    await expectAsOriginal(convolved("Conv", shape, attributes), [2, 3, 8, 8]);
  });

  test("SAME padding of sequences and volumes", async () => {
    const same = { auto_pad: text("SAME_LOWER") };
    await expectAsOriginal(convolved("Conv", [2, 3, 4], same, [3, 7]), [2, 3, 7]);
    await expectAsOriginal(convolved("Conv", [2, 3, 2, 3, 2], same, [3, 3, 4, 5]), [1, 3, 3, 4, 5]);
  });
});

test("SAME with dilations, which ONNX Runtime refuses, becomes pads", () => {
  const model = convolved("Conv", [2, 3, 3, 2], { dilations: ints(2, 3), auto_pad: text("SAME_UPPER") });
  const read = graphFromModel(model, { place: "m" }).nodes[0];
  if (!isNode(read, "Conv")) throw new Error("no Conv");
  expect(attributesOf(read)).toMatchObject({ auto_pad: "NOTSET", pads: [2, 1, 2, 2] });
});

describe("ConvTranspose matches ONNX Runtime", () => {
  test.each([
    ["SAME_UPPER", [3, 2, 3, 4], { strides: ints(2, 3), auto_pad: text("SAME_UPPER") }],
    ["SAME_LOWER", [3, 2, 4, 3], { strides: ints(2, 2), auto_pad: text("SAME_LOWER") }],
    [
      "SAME_UPPER, stride beyond the kernel",
      [3, 2, 1, 2],
      { strides: ints(2, 3), auto_pad: text("SAME_UPPER") },
    ],
    ["VALID", [3, 2, 3, 3], { strides: ints(2, 1), auto_pad: text("VALID") }],
    ["output_shape", [3, 2, 3, 3], { strides: ints(2, 2), output_shape: ints(16, 15) }],
    ["output_shape, larger", [3, 2, 3, 3], { strides: ints(2, 2), output_shape: ints(18, 14) }],
    [
      "output_shape, SAME_UPPER",
      [3, 2, 4, 3],
      { strides: ints(2, 2), output_shape: ints(17, 14), auto_pad: text("SAME_UPPER") },
    ],
    [
      "output_shape and output_padding",
      [3, 2, 3, 3],
      { strides: ints(2, 2), output_shape: ints(15, 16), output_padding: ints(1, 1) },
    ],
    [
      "groups and dilations",
      [3, 2, 2, 3],
      { group: int(3), strides: ints(2, 1), dilations: ints(2, 2), pads: ints(1, 0, 0, 2) },
    ],
  ] as const)("%s", async (_, shape, attributes) => {
    await expectAsOriginal(convolved("ConvTranspose", shape, attributes), [2, 3, 8, 8]);
  });

  test("SAME padding of sequences and volumes", async () => {
    const same = (...strides: number[]): Attributes => ({
      strides: ints(...strides),
      auto_pad: text("SAME_UPPER"),
    });
    await expectAsOriginal(convolved("ConvTranspose", [3, 2, 4], same(2), [3, 5]), [2, 3, 5]);
    await expectAsOriginal(
      convolved("ConvTranspose", [3, 2, 2, 3, 2], same(1, 2, 2), [3, 2, 3, 2]),
      [1, 3, 2, 3, 2],
    );
  });

  test.each([
    [
      "an output_shape out of reach",
      { strides: ints(2, 2), output_shape: ints(40, 40) },
      "output_padding [23, 23] must be smaller",
    ],
    [
      "an output_shape with the wrong number of dimensions",
      { output_shape: ints(10) },
      "output_shape must be 2 whole numbers",
    ],
    ["groups that do not divide", { group: int(2) }, "in 2 groups"],
  ] as const)("refuses %s", (_, attributes, words) => {
    expect(() =>
      graphFromModel(convolved("ConvTranspose", [3, 2, 3, 3], attributes), { place: "m" }),
    ).toThrow(words);
  });
});

describe("weight standardisation in the graph", () => {
  const standardised = (input: string, scale: Tensor, bias: Tensor): Model =>
    modelOf(
      [
        node("Reshape", [input, "rows"], "flat"),
        node("BatchNormalization", ["flat", "s", "b", "m", "v"], ["even", "mean", "variance"], {
          training_mode: int(1),
          epsilon: real(1e-3),
        }),
        node("Reshape", ["even", "shape"], "weight"),
        node("Conv", ["x", "weight"], "y"),
      ],
      {
        w: weight([4, 3, 2, 2]),
        s: scale,
        b: bias,
        m: float32([4], [0, 0, 0, 0]),
        v: float32([4], [1, 1, 1, 1]),
        rows: vector(1, 4, -1),
        shape: vector(4, 3, 2, 2),
      },
    );
  const [ones, zeros] = [float32([4], [1, 1, 1, 1]), float32([4], [0, 0, 0, 0])];

  test("by BatchNormalization in training mode, over the weight's own mean and variance", async () => {
    await expectAsOriginal(standardised("w", ones, zeros), [2, 3, 8, 8]);
    await expectAsOriginal(standardised("w", float32([4], [1, 2, 3, 4]), weight([4])), [2, 3, 8, 8]);
  });

  test("statistics over a batch of images are refused", () => {
    const nodes = [node("BatchNormalization", ["x", "p", "p", "p", "p"], ["y"], { training_mode: int(1) })];
    const model = modelOf(nodes, { p: float32([3], [1, 1, 1]) });
    expect(() => graphFromModel(model, { place: "m" })).toThrow(
      "training_mode = 1 (export the model in eval",
    );
  });
});

describe("Col2Im", () => {
  const columns = (
    attributes: Attributes,
    constants: Readonly<Record<string, Tensor>>,
    shape: number[],
  ): Model =>
    modelOf([node("Col2Im", ["x", "image", "block"], "y", attributes)], constants, {
      opset: 18,
      input: { shape },
    });
  const constants = { image: vector(4, 5), block: vector(2, 3) };

  test("matches ONNX Runtime", async () => {
    await expectAsOriginal(columns({}, constants, [2, 12, 9]), [2, 12, 9]);
    const attributes = { strides: ints(2, 1), pads: ints(1, 0, 0, 1) };
    await expectAsOriginal(columns(attributes, constants, [2, 12, 8]), [2, 12, 8]);
  });

  test.each([
    ["other columns", constants, [2, 12, 8], "expected [N, C × 6, 9]"],
    [
      "a block with the wrong number of dimensions",
      { ...constants, block: vector(2) },
      [2, 12, 9],
      "kernel_shape must have 2",
    ],
    ["no image", { ...constants, image: vector() }, [2, 12, 9], "image_shape must be"],
    ["rows that are not whole channels", constants, [2, 13, 9], "expected [N, C × 6, 9]"],
  ])("refuses %s", (_, given, shape, words) => {
    expect(() => graphFromModel(columns({}, given, shape), { place: "m" })).toThrow(words);
  });
});
