import { expect, test } from "vitest";
import { planEvaluation, type EvaluateOptions } from "./index.js";

test("a number of steps that is given twice is attacked once", () => {
  const { attacks } = planEvaluation({
    epsilons: [0.1, 0.1],
    options: { steps: 40 },
    iterations: [1, 1, 2, 40],
  });
  expect(attacks.map(({ stages: [{ options }] }) => options["steps"])).toEqual([40, 1, 2]);
});

test("AutoAttack in L1 is what its reference runs there", () => {
  const told = (options: Partial<EvaluateOptions>): unknown =>
    planEvaluation({ epsilons: [12], ...options }).attacks[0]!.stages.map(({ attack, options: own }) => [
      attack.name,
      own["radii"],
      own["restarts"],
      own["targets"],
    ]);
  expect(told({ attack: "standard", norm: "l1" })).toEqual([
    ["apgd", "shrinking", 5, undefined],
    ["apgd-t", "shrinking", 1, 5],
    ["fab-t", undefined, 1, 9],
    ["square", undefined, undefined, undefined],
  ]);
  expect(told({ attack: "rand", norm: "l1" })).toEqual([
    ["apgd", "constant", 1, undefined],
    ["apgd", "constant", 1, undefined],
  ]);
  expect(told({ attack: "standard", norm: "l2" })).toEqual([
    ["apgd", "constant", 1, undefined],
    ["apgd-t", "constant", 1, 9],
    ["fab-t", undefined, 1, 9],
    ["square", undefined, undefined, undefined],
  ]);
});
