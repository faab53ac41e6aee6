import { describe, expect, it } from "vitest";
import { labelLogOdds, temperaturesOf } from "./scoring.js";

const temperature = (...row: number[]): number =>
  temperaturesOf(Float32Array.from(row), Int32Array.of(0), row.length)[0]!;

describe("the temperature of an image", () => {
  const logits = [9, 1, 2, 3.5, 5, 4];

  it("is in proportion to the logits, wherever they stand", () => {
    const own = temperature(...logits);
    expect(own).toBeCloseTo(0.5 * 1.4826 * 1.5, 5);
    for (const factor of [1e-30, 1e-4, 1e4, 1e30]) {
      expect(temperature(...logits.map((z) => factor * z)) / factor / own).toBeCloseTo(1, 5);
    }
    expect(temperature(...logits.map((z) => z + 100))).toBeCloseTo(own, 5);
  });

  it("does not look at the label, nor at classes far below the others", () => {
    expect(temperature(-50, ...logits.slice(1))).toBe(temperature(...logits));
    expect(temperature(...logits, -1e9) / temperature(...logits)).toBeLessThan(2);
    const thousand = Array.from({ length: 1000 }, (_, k) => (k < 990 ? -1e9 : k / 10));
    expect(temperature(...thousand)).toBeLessThan(1);
  });

  it("is there for two classes, equal ones and none that is finite", () => {
    expect(temperature(3, 1)).toBe(1);
    expect(temperature(3, 1, 1, 1)).toBe(1);
    expect(temperature(3, 2, 0, 0, 0, 0)).toBe(1);
    expect(temperature(1, 1, 1)).toBe(1);
    expect(temperature(NaN, 1, NaN)).toBe(1);
    expect(temperature(0, 1e-42, 2e-42)).toBe(1);
  });
});

it("the log-odds against the label are log((1 − p) / p), where float32 has none left of 1 − p too", () => {
  const logOdds = (row: readonly number[], t: number): number =>
    labelLogOdds(Float32Array.from(row), Int32Array.of(0), Float32Array.of(t), row.length)[0]!;
  const p = Math.exp(2) / (Math.exp(2) + Math.exp(1) + 1);
  expect(logOdds([2, 1, 0], 1)).toBeCloseTo(Math.log((1 - p) / p), 6);
  expect(logOdds([400, 1, 0], 1)).toBeCloseTo(-400 + Math.log(Math.E + 1), 4);
  expect(logOdds([4000, 10, 0], 10)).toBeCloseTo(logOdds([400, 1, 0], 1), 4);
});
