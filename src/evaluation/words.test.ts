import { expect, test } from "vitest";
import { suiteMeasurement } from "../../test/suite-measurement.js";
import { attackAndSteps, describeStages, stageNames } from "./index.js";

test("says in one line what each attack of a suite took", () => {
  const m = suiteMeasurement([
    { attack: "apgd", broken: 91 },
    { attack: "apgd-t", broken: 0 },
    { attack: "square", broken: 1 },
  ]);
  expect(describeStages(m)).toBe(
    "AutoAttack on m (L∞, ε = 0.3): 100 right; APGD broke 91, APGD-T 0, Square 1; 8 survived",
  );
  expect(describeStages({ ...m, stages: undefined })).toBeUndefined();
});

test("an attack is named with its steps, where it takes some", () => {
  expect(attackAndSteps({ attack: "pgd", parameters: { steps: 80 } })).toBe("PGD-80");
  expect(attackAndSteps({ attack: "square", parameters: { steps: null } })).toBe("Square");
  expect(attackAndSteps({ attack: "fgsm", parameters: { steps: 1 } })).toBe("FGSM");
  expect(attackAndSteps({ attack: "theirs", parameters: {} })).toBe("THEIRS");
});

test("two stages of one attack are told apart by their losses", () => {
  const { stages } = suiteMeasurement([
    { attack: "apgd", broken: 1, options: { loss: "cross-entropy" } },
    { attack: "apgd", broken: 0, options: { loss: "dlr" } },
    { attack: "square", broken: 0 },
  ]);
  expect(stageNames(stages!)).toEqual(["APGD (cross-entropy)", "APGD (DLR)", "Square"]);
});
