import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, vector } from "../../test/model.js";
import { smallTransformer, TRANSFORMER_WEIGHTS } from "../../test/small-transformer.js";
import type { ModelNode } from "../onnx/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import { findHead } from "./find-head.js";
import { classifierFromModel, createClassifier, headOf, type Classifier } from "./index.js";

const filled = (...shape: number[]): Tensor => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return tensor("float32", shape, createGenerator(1).stream("w", shape.length).fillNormal(data, 1));
};
const read = (nodes: readonly ModelNode[], constants: Readonly<Record<string, Tensor>>): Classifier =>
  classifierFromModel(modelOf(nodes, constants), "m.onnx");

describe("a transformer", () => {
  const classifier = classifierFromModel(smallTransformer(), "m.onnx");

  test("trains every weight, but neither preprocessing nor mask", () => {
    expect([...classifier.parameters].sort()).toEqual([...TRANSFORMER_WEIGHTS].sort());
  });

  test("has its blocks as taps, with tokens over their patches", () => {
    const tokens = { skip: 1, grid: [4, 4] };
    expect(classifier.taps).toEqual(
      ["0.attended", "b1", "1.attended", "b2"].map((value, i) => ({ name: `group-${i}`, value, tokens })),
    );
  });

  test("has named values as taps if they lie over the image", () => {
    const taps = (...names: string[]): Classifier["taps"] =>
      classifierFromModel(smallTransformer(), "m.onnx", { taps: names }).taps;
    expect(taps("patches", "1.narrow")).toEqual([
      { name: "group-0", value: "patches" },
      { name: "group-1", value: "1.narrow", tokens: { skip: 1, grid: [4, 4] } },
    ]);
    expect(() => taps("features")).toThrow(/"features": is neither \[N, C, h, w\] nor \[N, T, C\]/);
    expect(() => taps("nothing at all")).toThrow(/is not a value of the graph/);
  });

  test("has its head behind a Transpose and an Add", () => {
    const { weight, bias, node: last } = findHead(classifier)!;
    expect([last.op, weight, bias]).toEqual([
      "MatMul",
      { name: "head.weight", axis: 0 },
      { name: "head.bias", axis: 0 },
    ]);
  });
});

test.each([
  ["a list", [1], ["w", "b"]],
  ["a scalar", [], ["w"]],
])("a single logit's bias that is %s and added by a separate node", (_, shape, parameters) => {
  const nodes = [
    node("GlobalAveragePool", ["x"], "p"),
    node("Flatten", ["p"], "f"),
    node("MatMul", ["f", "w"], "z"),
    node("Add", ["z", "b"], "y"),
  ];
  const classifier = read(nodes, { w: filled(3, 1), b: tensor("float32", shape, Float32Array.of(0.5)) });
  expect(classifier.parameters).toEqual(parameters);
});

describe("the last layer", () => {
  const pooled = [node("GlobalAveragePool", ["x"], "p"), node("Flatten", ["p"], "f")];
  const headNames = (classifier: Classifier): string[] => [...headOf(classifier)];

  test("of a ResNet is its Gemm", () => {
    const resnet = createClassifier("resnet-mini", {
      channels: 1,
      height: 8,
      width: 8,
      classNames: ["a", "b"],
      random: createGenerator(0),
    });
    expect(headNames(resnet)).toEqual(["fc.weight", "fc.bias"]);
  });

  test("may be a 1×1 convolution before the pooling", () => {
    const classifier = read(
      [
        node("Conv", ["x", "w", "b"], "maps"),
        node("Relu", ["maps"], "active"),
        node("GlobalAveragePool", ["active"], "p"),
        node("Reshape", ["p", "two"], "y"),
      ],
      { w: filled(4, 3, 1, 1), b: filled(4), two: vector(0, 4) },
    );
    expect(findHead(classifier)).toMatchObject({
      weight: { name: "w", axis: 0 },
      bias: { name: "b", axis: 0 },
    });
  });

  test("is found behind a factor and a transposed map", () => {
    const classifier = read(
      [
        node("Transpose", ["x"], "last", { perm: ints(0, 2, 3, 1) }),
        node("MatMul", ["last", "w"], "maps"),
        node("Add", ["maps", "b"], "biased"),
        node("ReduceMean", ["biased"], "mean", { axes: ints(1, 2), keepdims: int(0) }),
        node("Mul", ["mean", "factor"], "y"),
      ],
      { w: filled(3, 4), b: filled(4), factor: tensor("float32", [1], Float32Array.of(2)) },
    );
    expect(findHead(classifier)).toMatchObject({
      weight: { name: "w", axis: 1 },
      bias: { name: "b", axis: 0 },
    });
  });

  test("is not found if classes are mixed after it, or if it is a larger convolution", () => {
    const mixed = read(
      [
        ...pooled,
        node("Gemm", ["f", "w"], "g"),
        node("MatMul", ["g", "m"], "h"),
        node("Add", ["h", "f4"], "y"),
      ],
      { w: filled(3, 4), m: filled(4, 4), f4: filled(1, 4) },
    );
    expect(findHead(mixed)!.weight.name).toBe("m");
    const wide = read(
      [
        node("Conv", ["x", "w"], "maps"),
        node("GlobalAveragePool", ["maps"], "p"),
        node("Flatten", ["p"], "y"),
      ],
      { w: filled(4, 3, 3, 3) },
    );
    expect(headNames(wide)).toEqual([]);
  });
});
