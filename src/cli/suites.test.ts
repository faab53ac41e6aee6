import { expect, test } from "vitest";
import { suiteMeasurement } from "../../test/suite-measurement.js";
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
