import { describe, expect, it } from "vitest";

import { differenceInterval, meanInterval, wilsonInterval } from "./intervals.js";

describe("wilsonInterval", () => {
  // scipy.stats.binomtest(k, n).proportion_ci(0.95, method="wilson"), SciPy 1.x
  it.each([
    [0, 10, 0.0, 0.27753279986288926],
    [10, 10, 0.7224672001371109, 1.0],
    [81, 263, 0.2552885198782742, 0.36620957698280004],
    [15, 148, 0.06238639953073629, 0.16048724172330803],
    [1, 29, 0.006113214292762667, 0.17175521879320282],
    [950, 1000, 0.9346861797557491, 0.9618697376072511],
    [9050, 10000, 0.8990965726766117, 0.9105923886431403],
    [3, 200, 0.00511423779325831, 0.04316572879269026],
    [0, 1000, 0.0, 0.0038267584855551234],
  ])("%i of %i equals SciPy", (correct, n, low, high) => {
    const interval = wilsonInterval(correct, n);
    expect(interval.low).toBeCloseTo(low, 13);
    expect(interval.high).toBeCloseTo(high, 13);
    expect(interval.confidence).toBe(0.95);
  });

  it("equals the published example of Newcombe 1998, Table I: 81 of 263, .2553 to .3662", () => {
    const { low, high } = wilsonInterval(81, 263, 1.959964);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(["0.2553", "0.3662"]);
  });

  it("takes another confidence (99 %, SciPy)", () => {
    const interval = wilsonInterval(81, 263, 2.5758293035489004);
    expect(interval.low).toBeCloseTo(0.24013690268760768, 13);
    expect(interval.high).toBeCloseTo(0.3852825023182298, 13);
    expect(interval.confidence).toBe(0.99);
  });

  it.each([
    [-1, 10],
    [11, 10],
    [0, 0],
    [1.5, 3],
    [NaN, 3],
  ])("refuses %d of %d", (correct, n) => {
    expect(() => wilsonInterval(correct, n)).toThrow(RangeError);
  });
});

describe("meanInterval", () => {
  // p̃ ± z √(p̃ (1 − p̃) / ñ) in Python, ñ = n + z², p̃ = (k + z²/2) / ñ.
  it.each([
    [0, 10, 0, 0.3208873057505457],
    [10, 10, 0.6791126942494543, 1],
    [81, 263, 0.25522066518999675, 0.3662774316710775],
    [1, 1, 0.167499485479413, 1],
    [950, 1000, 0.9345779392399503, 0.96197797812305],
  ])("of %i of %i shares of 1 is Agresti and Coull's", (right, n, low, high) => {
    const interval = meanInterval(Array.from({ length: n }, (_, i) => Number(i < right)));
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
    const wilson = wilsonInterval(right, n);
    expect(interval.low).toBeLessThanOrEqual(wilson.low);
    expect(interval.high).toBeGreaterThanOrEqual(wilson.high);
  });

  // The moments of the shares and of the added images, in Python.
  it.each([
    [[1, 0.75, 0.5, 0.25], 0.2783965525017781, 0.8491307383845726],
    [[0.4], 0.08098422995639215, 0.8777059071681603],
  ])("of the shares %j", (shares, low, high) => {
    const interval = meanInterval(shares);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });
});

describe("differenceInterval", () => {
  // Newcombe 1998, "Interval estimation for the difference between independent proportions",
  // Table II, method 10: rows (a) and (h).
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [10, 10, 0, 10, 0.6075, 1.0],
  ])("%i/%i − %i/%i equals the published interval", (ca, na, cb, nb, low, high) => {
    const interval = differenceInterval({ correct: ca, n: na }, { correct: cb, n: nb });
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
    expect(interval.difference).toBeCloseTo(ca / na - cb / nb, 15);
  });
});
