import { expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { evaluateModels, mergeResults, type EvaluateOptions, type Result } from "./index.js";

async function evaluated(options: Partial<EvaluateOptions>): Promise<Result> {
  const dataset = smallDataset();
  const info = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
  return evaluateModels(
    ["a", "b"].map((name) => ({ name, classifier: smallNetwork(), info })),
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.15], options: { steps: 1 }, examples: 0, threads: 1, ...options },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

const unchecked = ({ statements }: Result): number =>
  statements.filter((text) => text.startsWith("The headline was not checked")).length;

test.each<[string, Partial<EvaluateOptions>, number]>([
  ["a whole evaluation: it is", {}, 0],
  ["checks left out", { checks: false }, 1],
  ["a shard", { shard: { index: 1, count: 2 } }, 1],
  ["a budget", { budget: 1000 }, 1],
  ["a threshold", { threshold: 0.1 }, 1],
])("a headline that is not checked is said to be so, once: %s", async (_, options, times) => {
  expect(unchecked(await evaluated(options))).toBe(times);
});

test("the whole of shards is not checked either", async () => {
  const parts = [];
  for (const index of [1, 2]) {
    parts.push({ place: `${index}`, result: await evaluated({ shard: { index, count: 2 } }) });
  }
  expect(unchecked(mergeResults(parts))).toBe(1);
});
