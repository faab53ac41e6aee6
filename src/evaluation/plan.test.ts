import { expect, test } from "vitest";
import { isChecked, planEvaluation, type EvaluateOptions } from "./index.js";
import { headlineIn, isAtHeadline } from "./plan.js";

test("a number of steps that is given twice is attacked once", () => {
  const { attacks } = planEvaluation({
    epsilons: [0.1, 0.1],
    options: { steps: 40 },
    iterations: [1, 1, 2, 40],
  });
  expect(attacks.map(({ stages: [{ options }] }) => options["steps"])).toEqual([40, 1, 2]);
});

test("the headline is attacked at its ε alone: the search for the nearest images is none of it, however wide its ball", () => {
  const plan = planEvaluation({ epsilons: [0.5, 1], options: { steps: 5 }, iterations: [1], curve: true });
  expect(plan.attacks.filter((each) => isAtHeadline(each, plan)).map(({ name }) => name)).toEqual([
    "pgd",
    "pgd",
    "gray-image",
  ]);
  expect(plan.attacks.at(-1)).toMatchObject({ name: "fmn", threat: { epsilon: 1 } });
  expect(headlineIn(plan.attacks, plan)).toBe(plan.attacks[1]);
  expect(headlineIn(plan.attacks.slice(-1), plan)).toBeUndefined();
});

test("a whole evaluation is checked, unless it is told not to be", () => {
  expect(isChecked({})).toBe(true);
  const without: Partial<EvaluateOptions>[] = [
    { checks: false },
    { shard: { index: 1, count: 2 } },
    { budget: 1 },
    { threshold: 0 },
  ];
  for (const options of without) {
    expect(isChecked(options)).toBe(false);
    expect(planEvaluation({ epsilons: [0.1], ...options }).checks).toBe(false);
  }
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
