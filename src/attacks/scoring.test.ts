import { describe, expect, it } from "vitest";
import { argMax, crossEntropies, marginOf, NO_CLASS, spreadOf } from "./scoring.js";

const spread = (...row: number[]): number => spreadOf(Float32Array.from(row), 0);

describe("the spread of an image's rivals", () => {
  const logits = [9, 1, 2, 3.5, 5, 4];

  it("is in proportion to the logits, wherever they stand", () => {
    const own = spread(...logits);
    expect(own).toBeCloseTo(1.4826 * 1.5, 5);
    for (const factor of [1e-30, 1e-4, 1e4, 1e30]) {
      expect(spread(...logits.map((z) => factor * z)) / factor / own).toBeCloseTo(1, 5);
    }
    expect(spread(...logits.map((z) => z + 100))).toBeCloseTo(own, 5);
  });

  it("does not look at the label, nor at classes far below the others", () => {
    expect(spread(-50, ...logits.slice(1))).toBe(spread(...logits));
    expect(spread(...logits, -1e9) / spread(...logits)).toBeLessThan(2);
    const thousand = Array.from({ length: 1000 }, (_, k) => (k < 990 ? -1e9 : k / 10));
    expect(spread(...thousand)).toBeLessThan(1);
  });

  it("is there for two classes, equal ones and none that is finite", () => {
    expect(spread(3, 1)).toBe(2);
    expect(spread(3, 1, 1, 1)).toBe(2);
    expect(spread(3, 2, 0, 0, 0, 0)).toBe(2);
    expect(spread(1, 1, 1)).toBe(1);
    expect(spread(NaN, 1, NaN)).toBe(1);
    expect(spread(0, 1e-42, 2e-42)).toBe(1);
  });
});

it("the margin is above 0 where another class wins", () => {
  const logits = Float32Array.from([9, 9, 3, 1, 2, 9]);
  expect([0, 1, 2].map((label) => marginOf(logits, 2, 3, label))).toEqual([-1, 2, 1]);
});

it("an answer with NaN is no class, wherever the NaN stands, and its loss is NaN", () => {
  const rows = Float32Array.from([NaN, 1, 2, 3, NaN, 1, 2, 1, NaN, 2, 2, -Infinity]);
  expect([0, 3, 6, 9].map((start) => argMax(rows, start, 3))).toEqual([NO_CLASS, NO_CLASS, NO_CLASS, 0]);
  const losses = crossEntropies(rows, Int32Array.of(0, 0, 0, 0), 4, 3);
  expect(Array.from(losses, Number.isNaN)).toEqual([true, true, true, false]);
});
