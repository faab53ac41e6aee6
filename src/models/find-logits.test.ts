import { describe, expect, it } from "vitest";
import { smallFixture, smallNetwork } from "../../test/small-network.js";
import type { Dim, GraphBuilder, Value } from "../graph/index.js";
import { compile } from "../runtime/index.js";
import { float32 } from "../tensor/index.js";
import { findLogits } from "./find-logits.js";
import { bindBatch, type Classifier } from "./index.js";

type Change = (g: GraphBuilder<Dim>, z: Value<Dim>) => Value<Dim>;

/** What the images are, and how the classes of each are ordered. */
async function orderOf(classifier: Classifier, name: string): Promise<number[][]> {
  const images = smallFixture("images");
  const program = await compile(bindBatch(classifier, images.shape[0]!).graph, { threads: 1 });
  const outputs = (await program.run({ [classifier.image]: images }))[name]!.data as Float32Array;
  await program.dispose();
  return Array.from({ length: images.shape[0]! }, (_, i) => {
    const row = [...outputs.subarray(3 * i, 3 * i + 3)];
    return [0, 1, 2].sort((a, b) => row[b]! - row[a]!);
  });
}

const softmax = (g: GraphBuilder<Dim>, z: Value<Dim>): Value<Dim> => g.op("Softmax", [z], { axis: 1 });
const tanh = (g: GraphBuilder<Dim>, z: Value<Dim>): Value<Dim> => g.op("Tanh", [z]);
/** So small that nothing saturates to a tie in float32. */
const small: Change = (g, z) => g.op("Mul", [z, g.constant(float32([1, 3], [0.05, 0.05, 0.05]))]);

describe("a saturating end is removed, and the order of the classes stays", () => {
  it.each<[string, string, Change]>([
    ["Tanh", "a tanh", tanh],
    [
      "a capped logit",
      "a tanh, then Mul",
      (g, z) => g.op("Mul", [g.scalar(30), tanh(g, g.op("Div", [z, g.scalar(30)]))]),
    ],
    [
      "(tanh + 1) / 2",
      "a tanh, then Add, Div",
      (g, z) => g.op("Div", [g.op("Add", [tanh(g, z), g.scalar(1)]), g.scalar(2)]),
    ],
    [
      "2 σ − 1",
      "a sigmoid, then Mul, Sub",
      (g, z) => g.op("Sub", [g.op("Mul", [g.op("Sigmoid", [z]), g.scalar(2)]), g.scalar(1)]),
    ],
    [
      "a scaled softmax",
      "a softmax, then Mul",
      (g, z) => g.op("Mul", [softmax(g, z), g.constant(float32([1, 1], [100]))]),
    ],
    [
      "a softmax of a tanh",
      "a tanh, then Mul, Softmax",
      (g, z) => softmax(g, g.op("Mul", [tanh(g, z), g.scalar(5)])),
    ],
    [
      "LogSoftmax of a tanh",
      "a tanh, then LogSoftmax",
      (g, z) => g.op("LogSoftmax", [tanh(g, z)], { axis: 1 }),
    ],
    ["Exp", "an exponential", (g, z) => g.op("Exp", [z])],
    [
      "maps of one pixel that are flattened",
      "a sigmoid, then Flatten",
      (g, z) => g.op("Flatten", [g.op("Sigmoid", [g.op("Unsqueeze", [z, g.ints([2, 3])])])]),
    ],
  ])("%s", async (_, said, end) => {
    const classifier = smallNetwork({ output: (g, z) => end(g, small(g, z)) });
    const notices: string[] = [];
    const { graph, logits } = findLogits(classifier.graph, "m", (notice) => notices.push(notice));
    expect(notices).toEqual([
      expect.stringMatching(new RegExp(`is ${said}; holdfast uses the logits before it, ".+"`)),
    ]);
    expect(
      graph.nodes.map(({ op }) => op).filter((op) => ["Softmax", "Sigmoid", "Tanh", "Exp"].includes(op)),
    ).toEqual([]);
    const found = { ...classifier, graph, logits };
    expect(await orderOf(found, logits)).toEqual(await orderOf(classifier, classifier.logits));
  });
});

describe("an end that could change the order of the classes is kept", () => {
  it.each<[string, Change]>([
    ["a negative factor", (g, z) => g.op("Mul", [tanh(g, z), g.scalar(-1)])],
    ["a factor of 0", (g, z) => g.op("Mul", [tanh(g, z), g.scalar(0)])],
    ["1 − σ", (g, z) => g.op("Sub", [g.scalar(1), g.op("Sigmoid", [z])])],
    ["1 / eᶻ", (g, z) => g.op("Div", [g.scalar(1), g.op("Exp", [z])])],
    ["a factor for each class", (g, z) => g.op("Mul", [tanh(g, z), g.constant(float32([3], [1, 2, 3]))])],
    ["a summand for each class", (g, z) => g.op("Add", [softmax(g, z), g.constant(float32([3], [0, 1, 0]))])],
    ["a softmax over the batch", (g, z) => g.op("Softmax", [z], { axis: 0 })],
    ["a clipped softmax", (g, z) => g.op("Clip", [softmax(g, z), g.scalar(0.1), g.scalar(0.9)])],
    ["two softmaxes", (g, z) => g.op("Add", [softmax(g, z), softmax(g, g.op("Neg", [z]))])],
    ["nothing that saturates", (g, z) => g.op("Mul", [z, g.scalar(3)])],
  ])("%s", (_, output) => {
    const classifier = smallNetwork({ output });
    const notices: string[] = [];
    expect(findLogits(classifier.graph, "m", (notice) => notices.push(notice)).logits).toBe(
      classifier.logits,
    );
    expect(notices).toEqual([]);
  });
});
