import { expect, test } from "vitest";
import { brokenByCheck, suiteMeasurement } from "../../test/suite-measurement.js";
import type { Result } from "../evaluation/index.js";
import { describeResult } from "./evaluation-output.js";

test("the terminal says what each attack of a suite took, below the table", async () => {
  const measurements = [suiteMeasurement([{ attack: "apgd", broken: 60 }], { right: 90, n: 100 })];
  const result = { measurements, warnings: [], statements: ["An upper bound."] } as unknown as Result;
  expect((await describeResult(result)).split("\n").slice(1)).toEqual([
    "m      AutoAttack  L∞ 0.3    30.0 %    21.9–39.6 %",
    "AutoAttack on m (L∞, ε = 0.3): 90 right; APGD broke 60; 30 survived",
    "An upper bound.",
  ]);
});

test("what the checks broke too is a row of its own", async () => {
  const perImage = { index: [5, 6, 7], label: [1, 0, 1], adversarialPrediction: [1, 0, 0] };
  const measured = suiteMeasurement([{ attack: "apgd", broken: 1 }], { right: 3, perImage } as never);
  const checks = [{ model: "m", measurement: measured.id, further: [brokenByCheck(6, 1)] }];
  const result = { measurements: [measured], checks, warnings: [], statements: [] } as unknown as Result;
  const rows = (await describeResult(result)).split("\n").map((line) => line.split(/ {2,}/).slice(0, 4));
  expect(rows.slice(1, 3)).toEqual([
    ["m", "AutoAttack", "L∞ 0.3", "66.7 %"],
    ["m", "worst case", "L∞ 0.3", "33.3 %"],
  ]);
});
