import { expect, test } from "vitest";
import { evaluated } from "../../test/counted-evaluation.js";
import { SMALL_SIZE } from "../../test/small-network.js";
import type { EvaluateOptions } from "./index.js";

const OPTIONS: EvaluateOptions = {
  norm: "patch",
  attack: "patch",
  epsilons: [0.1],
  options: { steps: 2, restarts: 1 },
  checks: false,
  examples: 0,
  batchSize: 16,
  threads: 1,
};

test("a result says that a random place is not the worst, and of a place that was chosen does not", async () => {
  const random = await evaluated(OPTIONS);
  expect(random.headline).toEqual({ norm: "patch", epsilon: 0.1 });
  expect(random.statements.join(" ")).toContain("at a few random places in each image, not at the worst one");
  const centre = await evaluated({ ...OPTIONS, options: { ...OPTIONS.options, location: "centre" } });
  expect(centre.statements.join(" ")).not.toContain("random places");
});

test("a radius of less than a pixel is refused beside larger ones", async () => {
  const epsilons = [0.9 / SMALL_SIZE ** 2, 0.1];
  await expect(evaluated({ ...OPTIONS, epsilons })).rejects.toThrow("is less than one pixel");
});
