import { expect, test } from "vitest";
import { planEvaluation } from "./index.js";

test("a number of steps that is given twice is attacked once", () => {
  const { attacks } = planEvaluation({
    epsilons: [0.1, 0.1],
    options: { steps: 40 },
    iterations: [1, 1, 2, 40],
  });
  expect(attacks.map(({ stages: [{ options }] }) => options["steps"])).toEqual([40, 1, 2]);
});
