import { describe, expect, test } from "vitest";
import { OP_CATALOGUE, type OpType } from "../../src/graph/index.js";
import { ruleOf } from "../../src/autodiff/index.js";
import { CASES } from "./cases.js";
import { check } from "./check.js";

/** Central differences of step 1e-5 are good to about 1e-10 of the function's third derivative. */
const FINITE_DIFFERENCE = 2e-6;
const FLOAT32 = 2e-5;

test("every op of the catalogue that has a rule has a row, and only those", () => {
  const ruled = Object.keys(OP_CATALOGUE).filter((op) => ruleOf({ op: op as OpType }) !== undefined);
  expect(Object.keys(CASES).sort()).toEqual(ruled.sort());
});

describe.each(Object.entries(CASES))("%s", (_, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const { first, second, ort } = await check(row);
    expect(first).toBeLessThan(FINITE_DIFFERENCE);
    expect(second).toBeLessThan(FINITE_DIFFERENCE);
    expect(ort).toBeLessThan(FLOAT32);
  });
});
