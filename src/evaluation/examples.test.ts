import { expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import type { Classifier } from "../models/index.js";
import { evaluateModels, type Result } from "./index.js";

const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };

function evaluated(classifier: Classifier): Promise<Result> {
  const dataset = smallDataset();
  return evaluateModels(
    [{ name: "small", classifier, info: INFO }],
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.1], options: { steps: 3 }, examples: 20, threads: 1, seed: 3 },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

test("an example whose logits are NaN or infinite is shown without a confidence, and only under attack", async () => {
  // NaN of logits below -4: none of a clean image that is shown, for then it would have no class and not be right.
  const root = smallNetwork({ output: (g, z) => g.op("Sqrt", [g.op("Add", [z, g.scalar(4)])]) });
  const { examples, warnings } = await evaluated(root);
  const views = examples.map(({ views: [view] }) => view!);
  const without = views.filter((view) => !("adversarialConfidence" in view));
  expect(without.length).toBeGreaterThan(0);
  expect(new Set(without.map(({ adversarialPrediction }) => adversarialPrediction))).toEqual(new Set([-1]));
  for (const view of views) expect(view).toHaveProperty("cleanConfidence");
  expect(warnings.map(({ code }) => code)).toContain("non-finite");
  const infinite = smallNetwork({ output: (g, z) => g.op("Exp", [g.op("Mul", [z, g.scalar(100)])]) });
  expect((await evaluated(infinite)).examples.length).toBeGreaterThan(0);
});
