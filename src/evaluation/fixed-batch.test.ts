import { expect, test } from "vitest";
import { openDataset, takeSample, type Dataset } from "../data/index.js";
import { bindBatch, createClassifier, type Classifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import { evaluate, evaluateModels, type Result } from "./index.js";

const TOOL = { name: "holdfast", version: "0.0.0" };
const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "resnet-mini" };
const OPTIONS = { epsilons: [2 / 255], options: { steps: 2 }, examples: 5, threads: 1, seed: 3 };

function evaluated(classifier: Classifier, dataset: Dataset): Promise<Result> {
  const drawn = { dataset, population: dataset.length, seed: 1 };
  return evaluateModels([{ name: "model", classifier, info: INFO }], drawn, OPTIONS, { tool: TOOL });
}

test("a file that fixes its batch is evaluated as the same model of any batch, examples included", async () => {
  const drawn = takeSample(await openDataset("mnist:test"), 7, createGenerator(1));
  const any = createClassifier("resnet-mini", { ...drawn, random: createGenerator(1) });
  const [clean] = (await evaluated(any, drawn)).measurements;
  // Untrained: its own answers are the labels, so that there are images to show.
  const dataset = { ...drawn, labels: Int32Array.from(clean!.perImage!.cleanPrediction) };
  const outcomes = async (classifier: Classifier): Promise<unknown> => {
    const { measurements, examples } = await evaluated(classifier, dataset);
    return [
      measurements.map(({ kind, correct, perImage }) => [kind, correct, perImage!.cleanPrediction]),
      examples.map(({ index, views }) => [index, views[0]!.cleanPrediction, views[0]!.adversarialPrediction]),
    ];
  };
  const expected = await outcomes(any);
  expect(expected).toMatchObject([{}, { length: 5 }]);
  for (const size of [3, 20]) {
    expect(await outcomes({ ...any, graph: bindBatch(any, size).graph })).toEqual(expected);
  }
});

test("a batch is no larger than the dataset", async () => {
  const dataset = takeSample(await openDataset("mnist:test"), 3, createGenerator(1));
  const classifier = createClassifier("resnet-mini", { ...dataset, random: createGenerator(1) });
  const { plan, measurements } = await evaluate([{ name: "model", classifier }], dataset, {
    epsilons: [0.1],
    options: { steps: 2 },
    threads: 1,
  });
  expect(plan.batchSize).toBe(3);
  const [, attacked] = measurements;
  expect(attacked!.kind === "white-box" && attacked!.queries.gradient).toBe(6);
});
