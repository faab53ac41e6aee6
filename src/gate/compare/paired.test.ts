import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { countPairs, mcnemarExact, pairedDifference, type PairedCounts } from "./paired.js";

interface Case {
  readonly counts: readonly [number, number, number, number];
  readonly p: number;
  readonly low: number;
  readonly high: number;
}

/** statsmodels and SciPy (scripts/fixtures/paired.py). */
const CASES = JSON.parse(readFileSync("test/fixtures/paired.json", "utf8")) as Case[];

const countsOf = ([both, firstOnly, secondOnly, neither]: Case["counts"]): PairedCounts => ({
  both,
  firstOnly,
  secondOnly,
  neither,
});

describe("statistics of pairs are statsmodels'", () => {
  test.each(CASES)("$counts", ({ counts, p, low, high }) => {
    const pairs = countsOf(counts);
    expect(Math.abs(mcnemarExact(pairs) - p)).toBeLessThanOrEqual(1e-10 * p);
    const interval = pairedDifference(pairs);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });
});

test("equals the published example of Fagerland, Lydersen and Laake 2014: −.507 to −.026", () => {
  // Their difference is first − second, of 1, 1, 7 and 12 children.
  const { difference, low, high } = pairedDifference(countsOf([1, 1, 7, 12]));
  expect([difference, low, high].map((value) => value.toFixed(3))).toEqual(["0.286", "0.026", "0.507"]);
});

test("swapping the models turns the interval round and leaves p", () => {
  const [one, other] = [countsOf([612, 41, 18, 329]), countsOf([612, 18, 41, 329])].map((counts) => ({
    ...pairedDifference(counts),
    p: mcnemarExact(counts),
  }));
  expect([one!.low, one!.high, one!.p]).toEqual([-other!.high, -other!.low, other!.p]);
});

test("pairs are counted image by image", () => {
  expect(countPairs([true, true, false, false, true], [true, false, true, false, true])).toEqual(
    countsOf([2, 1, 1, 1]),
  );
});
