import { expect, it } from "vitest";
import { createGenerator } from "../tensor/index.js";
import { distanceToPlane, towardsPlane } from "./hyperplane.js";
import type { Norm } from "./threat.js";

const random = createGenerator(7);
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const sizes = {
  linf: (d: Float32Array): number => d.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  l2: (d: Float32Array): number => Math.hypot(...d),
  l1: (d: Float32Array): number => d.reduce((sum, value) => sum + Math.abs(value), 0),
};

/** The dual bound: |⟨w, x⟩ − b| − (what coordinates at their bounds do not give) is reached by no shorter change. */
function isShortest(norm: Norm, x: Float32Array, w: Float32Array, delta: Float32Array): boolean {
  if (norm === "l1") return movesGreatestOnly(x, w, delta);
  // KKT: every coordinate that is free moves by the same t · speed, one at its bound by no more.
  const free = [...delta.keys()].filter((i) => {
    const to = x[i]! + delta[i]!;
    return to > 1e-6 && to < 1 - 1e-6 && w[i] !== 0;
  });
  const rate = (i: number): number => Math.abs(delta[i]!) / (norm === "linf" ? 1 : Math.abs(w[i]!));
  const t = Math.max(...free.map(rate));
  return (
    free.every((i) => Math.abs(rate(i) - t) < 1e-4 * t) &&
    [...delta.keys()].every((i) => rate(i) <= t * 1.0001 || w[i] === 0)
  );
}

/** KKT in L1: all that moves has weights of at least those of all that could move further. */
function movesGreatestOnly(x: Float32Array, w: Float32Array, delta: Float32Array): boolean {
  const all = [...delta.keys()];
  const moved = all.filter((i) => delta[i] !== 0).map((i) => Math.abs(w[i]!));
  const sign = Math.sign(all.reduce((sum, i) => sum + delta[i]! * w[i]!, 0));
  const open = all.filter((i) => {
    const to = x[i]! + delta[i]!;
    return sign * w[i]! > 0 ? to < 1 - 1e-6 : to > 1e-6;
  });
  return Math.min(...moved) >= Math.max(0, ...open.map((i) => Math.abs(w[i]!)));
}

it.each(["linf", "l2", "l1"] as const)(
  "reaches the plane in %s by the shortest change, inside the box",
  (norm) => {
    for (let trial = 0; trial < 200; trial++) {
      const source = random.stream(norm, trial);
      const size = 2 + source.integer(40);
      const x = source.fillUniform(new Float32Array(size), 0, 1);
      const w = source.fillNormal(new Float32Array(size), 1);
      if (trial % 3 === 0) w[0] = 0;
      const there = source.fillUniform(new Float32Array(size), 0, 1);
      const b = dot(w, there);
      const delta = towardsPlane(norm, x, w, b);
      const to = x.map((value, i) => value + delta[i]!);
      expect(Math.abs(dot(w, to) - b)).toBeLessThan(1e-4);
      expect(Math.min(...to)).toBeGreaterThan(-1e-6);
      expect(Math.max(...to)).toBeLessThan(1 + 1e-6);
      expect(sizes[norm](delta)).toBeLessThanOrEqual(
        sizes[norm](there.map((value, i) => value - x[i]!)) + 1e-5,
      );
      expect(isShortest(norm, x, w, delta), `trial ${trial}`).toBe(true);
    }
  },
);

it.each(["linf", "l2", "l1"] as const)(
  "goes to the box's corner where it does not reach the plane in %s",
  (norm) => {
    const delta = towardsPlane(norm, Float32Array.of(0.25, 0.5), Float32Array.of(1, -2), 100);
    expect([...delta]).toEqual([0.75, -0.5]);
    expect([...towardsPlane(norm, Float32Array.of(0.25), Float32Array.of(0), 1)]).toEqual([0]);
  },
);

it("is as far from a plane as the shortest change is long, where the box is out of the way", () => {
  for (const norm of ["linf", "l2", "l1"] as const) {
    const x = new Float32Array(6).fill(0.5);
    const w = Float32Array.of(3, -2, 1, 0.5, 0, -4);
    const gap = dot(w, x) - 0.9;
    expect(sizes[norm](towardsPlane(norm, x, w, 0.9))).toBeCloseTo(distanceToPlane(norm, w, gap), 5);
  }
});
