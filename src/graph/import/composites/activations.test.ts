import { describe, expect, test } from "vitest";
import { int, modelOf, node, real, text } from "../../../../test/model.js";
import { nodeCases, testNodeCases } from "../../../../test/onnx-nodes.js";
import { pooled, refusal, withHead } from "../../../../test/small-models.js";
import { classifierFromModel } from "../../../models/index.js";
import type { Model, ModelNode } from "../../../onnx/index.js";
import { compile } from "../../../runtime/index.js";
import { float32, int64, tensor, type Tensor } from "../../../tensor/index.js";
import { bind } from "../../passes/bind.js";
import { graphFromModel } from "../import.js";

const cases = nodeCases("activations");

describe("ONNX's node tests of activations and other unary functions", () => {
  testNodeCases(cases, [...cases.keys()]);
});

/** The value of `h` for x = [1 … 6] of shape 1 × 2 × 3. */
async function values(model: Model): Promise<number[]> {
  const graph = bind(graphFromModel(model, { place: "m" }), { N: 1 });
  const program = await compile(graph, { threads: 1 });
  const x = tensor("float32", [1, 2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  const result = await program.run({ x });
  await program.dispose();
  return Array.from(result["h"]!.data as Float32Array);
}

const small = (nodes: readonly ModelNode[], constants: Readonly<Record<string, Tensor>>, opset = 17): Model =>
  modelOf(nodes, constants, { opset, output: "h", input: { shape: ["N", 2, 3] } });

test("a PRelu's slope is trained, and its output can be tapped as an activation", () => {
  const model = withHead([node("PRelu", ["x", "slope"], "h")], {
    slope: float32([3, 1, 1], [0.1, 0.2, 0.3]),
  });
  const classifier = classifierFromModel(model, "m.onnx", {});
  expect(classifier.parameters).toEqual(["slope"]);
  expect(classifier.taps.map(({ value }) => value)).toEqual(["h"]);
});

test.each([
  ["Softmax", 1],
  ["LogSoftmax", 1],
  ["Hardmax", 1],
  ["Softmax", -2],
])("%s of axis %i before opset 13 flattens the axes from there on", async (op, axis) => {
  const h = await values(small([node(op, ["x"], "h", { axis: int(axis) })], {}, 11));
  const total = [1, 2, 3, 4, 5, 6].reduce((sum, x) => sum + Math.exp(x), 0);
  const expected = {
    Softmax: (x: number) => Math.exp(x) / total,
    LogSoftmax: (x: number) => x - Math.log(total),
    Hardmax: (x: number) => Number(x === 6),
  }[op]!;
  h.forEach((value, i) => expect(value).toBeCloseTo(expected(i + 1), 5));
});

test("Pow takes an integer exponent", async () => {
  const constants = { two: tensor("int32", [], Int32Array.of(2)) };
  expect(await values(small([node("Pow", ["x", "two"], "h")], constants))).toEqual([1, 4, 9, 16, 25, 36]);
});

test("Mod and Clip of integers are computed while the file is read", async () => {
  const nodes = [
    node("Mod", ["seven", "minus"], "floored"),
    node("Mod", ["seven", "minus"], "truncated", { fmod: int(1) }),
    node("Clip", ["floored", "", "low"], "clipped"),
    node("Concat", ["clipped", "truncated"], "both", { axis: int(0) }),
    node("Cast", ["both"], "floats", { to: int(1) }),
    node("Reshape", ["floats", "column"], "added"),
    node("Add", ["x", "added"], "h"),
  ];
  const constants = {
    seven: int64([1], [7]),
    minus: int64([1], [-4]),
    low: int64([], [-3]),
    column: int64([2], [2, 1]),
  };
  const model = small(nodes, constants);
  expect(await values(model)).toEqual([-2, -1, 0, 7, 8, 9]);
  expect(graphFromModel(model, { place: "m" }).nodes.map(({ op }) => op)).toEqual(["Add"]);
});

test("OptionalGetElement of a value is the value itself", async () => {
  const nodes = [
    node("OptionalHasElement", ["x"], "there"),
    node("OptionalGetElement", ["x"], "got"),
    node("Where", ["there", "got", "none"], "h"),
  ];
  expect(await values(small(nodes, { none: float32([], [0]) }))).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  [
    "Gelu's other approximations",
    node("Gelu", ["x"], "h", { approximate: text("sigmoid") }),
    /unknown approximation/,
  ],
  ["a slope larger than its input", node("PRelu", ["x", "slopes"], "h"), /does not broadcast to/],
  ["Celu without a scale", node("Celu", ["x"], "h", { alpha: real(0) }), /alpha must be above 0/],
  ["bitwise ops on floats", node("BitwiseNot", ["x"], "h"), /must be an integer type, found float32/],
  ["a bound of another type", node("Clip", ["x", "one"], "h"), /bound must be one float32, found int64/],
])("refused: %s", (_, refused, words) => {
  const constants = { slopes: float32([2, 1, 1, 1, 1], [1, 2]), one: int64([], [1]) };
  expect(refusal(modelOf([refused, ...pooled("h")], constants, { opset: 20 }))).toMatch(words);
});
