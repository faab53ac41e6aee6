import { describe, expect, it } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import type { Dataset } from "../data/index.js";
import type { GraphBuilder, Dim, Value } from "../graph/index.js";
import { bindBatch, type Classifier } from "../models/index.js";
import { evaluateModels, readAsLogits, type EvaluateOptions, type Result } from "./index.js";

const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };

function evaluated(
  classifier: Classifier,
  options: Partial<EvaluateOptions> = {},
  dataset: Dataset = smallDataset(),
): Promise<Result> {
  return evaluateModels(
    [{ name: "small", classifier, info: INFO }],
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.05], options: { steps: 2 }, examples: 3, threads: 1, ...options },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

type Change = (g: GraphBuilder<Dim>, value: Value<Dim>) => Value<Dim>;
const centred =
  (axis: number): Change =>
  (g, x) =>
    g.op("Sub", [x, g.op("ReduceMean", [x, g.ints([axis])], { keepdims: 1 })]);

const MIXING: [string, Classifier][] = [
  ["a softmax over the batch", smallNetwork({ output: (g, z) => g.op("Softmax", [z], { axis: 0 }) })],
  ["the batch's own mean", smallNetwork({ input: centred(0) })],
  [
    "the batch's own mean, of tiny logits",
    smallNetwork({ input: centred(0), output: (g, z) => g.op("Mul", [z, g.scalar(1e-6)]) }),
  ],
];

describe("a model that mixes the images of a batch", () => {
  it.each(MIXING)("is refused: %s", async (_, classifier) => {
    await expect(evaluated(classifier)).rejects.toThrow(
      /model small: .*other images of its batch.*eval mode.*--batch-size 1/s,
    );
    const fixed = { ...classifier, graph: bindBatch(classifier, 20).graph };
    await expect(evaluated(fixed)).rejects.toThrow(
      /eval mode, with no operator that works across the batch\.$/,
    );
    const [one] = [{ ...smallDataset(), length: 1, labels: Int32Array.of(0) }];
    await expect(readAsLogits("small", classifier, one)).rejects.toThrow(/other images of its batch/);
  });

  it("judges every image alone with a batch size of 1, examples too", async () => {
    const classifier = smallNetwork({
      input: (g, x) =>
        g.op("Sub", [x, g.op("Mul", [g.scalar(0.1), g.op("ReduceMean", [x, g.ints([0])], { keepdims: 1 })])]),
    });
    const { measurements, examples } = await evaluated(classifier, { batchSize: 1 });
    const alone = smallNetwork({ input: (g, x) => g.op("Mul", [x, g.scalar(0.9)]) });
    const expected = await evaluated(alone);
    expect(measurements.map(({ correct }) => correct)).toEqual(
      expected.measurements.map(({ correct }) => correct),
    );
    expect(examples.map(({ views }) => views[0]!.cleanConfidence)).toEqual(
      expected.examples.map(({ views }) => expect.closeTo(views[0]!.cleanConfidence!, 4)),
    );
  });
});

it("a model that works on each image by itself is not refused, NaN or not", async () => {
  for (const classifier of [
    smallNetwork(),
    smallNetwork({ input: centred(2) }),
    smallNetwork({ output: (g, z) => g.op("Sqrt", [z]) }),
    smallNetwork({ output: (g, z) => g.op("Exp", [g.op("Mul", [z, g.scalar(100)])]) }),
  ]) {
    expect(await readAsLogits("small", classifier, smallDataset())).toBe(classifier);
  }
});
