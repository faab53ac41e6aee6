import { expect, test } from "vitest";
import { planEvaluation, type EvaluateOptions } from "./plan.js";
import { headlineOf, measurementsOn } from "./within-access.js";

const named = (access: "gradient" | "logits" | "decision", options: EvaluateOptions): string[] =>
  measurementsOn(access, planEvaluation(options)).map(
    ({ name, threat, isSuite }) => `${name} ${threat.epsilon}${isSuite ? " suite" : ""}`,
  );

test("a model with a gradient is attacked as planned", () => {
  const plan = planEvaluation({ epsilons: [0.1, 0.5], attack: "standard" });
  expect(measurementsOn("gradient", plan)).toEqual(plan.attacks);
  expect(headlineOf("gradient", plan)).toBe(plan.attacks[1]);
});

test("of a suite what needs no gradient is left, under its own name", () => {
  const given = { epsilons: [0.1, 0.5], attack: "standard" };
  expect(named("logits", given)).toEqual(["square 0.1", "square 0.5", "gray-image 0.5"]);
  expect(named("decision", given)).toEqual(["hop-skip-jump 0.1", "hop-skip-jump 0.5", "gray-image 0.5"]);
});

test("Square, or HopSkipJump of labels alone, stands for attacks of which nothing is left, once an ε", () => {
  const given = { epsilons: [0.1, 0.2], iterations: [10, 20] };
  expect(named("gradient", given)).toHaveLength(4);
  expect(named("logits", given)).toEqual(["square 0.1", "square 0.2"]);
  expect(named("logits", { epsilons: [0.1], attack: "rand" })).toEqual(["square 0.1"]);
  expect(named("decision", given)).toEqual(["hop-skip-jump 0.1", "hop-skip-jump 0.2"]);
  const plan = planEvaluation({ epsilons: [0.1], attack: "square", options: { queries: 7 } });
  expect(measurementsOn("logits", plan)[0]!.stages[0].options["queries"]).toBe(7);
});
