import { expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { evaluateModels } from "../evaluation/index.js";
import { describeResult } from "./evaluation-output.js";

test("the terminal says the median distance of --curve, and no accuracy of it", async () => {
  const dataset = smallDataset();
  const info = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
  const result = await evaluateModels(
    [{ name: "small", classifier: smallNetwork(), info }],
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.1], options: { steps: 2 }, curve: 30, threads: 1, examples: 0 },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
  const said = await describeResult(result);
  expect(said).toMatch(
    /Half of the \d+ images that small is right on have an adversarial image within L∞ 0\.1\d+ \(FMN-30, median\)\./,
  );
  expect(said).toContain("Distances are upper bounds");
  expect(said).not.toMatch(/FMN-30 +L∞ 1/);
});
