import { expect, test } from "vitest";
import { createGenerator } from "../tensor/index.js";
import { boxAround, boxThreat, climbSteadily } from "./index.js";
import type { Asking } from "./asking.js";
import type { LossAt } from "./loss-gradient.js";

const lower = Float32Array.of(-3, 0, 100, 5);
const upper = Float32Array.of(-1, 0.5, 300, 5);
const box = boxAround(lower, upper);
const stream = (name: string): ReturnType<ReturnType<typeof createGenerator>["stream"]> =>
  createGenerator(3).stream(name);
const isInside = (point: Float32Array): boolean =>
  point.every((value, i) => value >= lower[i]! && value <= upper[i]!);

test("projects onto each element's interval, outside of [0, 1] too", () => {
  expect([...box.project(Float32Array.of(-9, 0.25, 1e9, 4))]).toEqual([-3, 0.25, 300, 5]);
});

test("a step is as long as the half widths, along the gradient's signs", () => {
  const centre = Float32Array.of(-2, 0.25, 200, 5);
  expect([...box.step(centre, Float32Array.of(0.1, -7, 0, 1), 0.5)]).toEqual([-1.5, 0.125, 200, 5]);
});

test("sizes are in half widths, and elements without width have none", () => {
  expect(box.size(Float32Array.of(0.5, 0.25, 10, 99))).toBe(1);
  expect(box.distance(Float32Array.of(-2, 0.25, 150, 5))).toBe(0.5);
});

test("samples and edges lie inside, and an edge touches the box", () => {
  for (let i = 0; i < 20; i++) {
    expect(isInside(box.sample(stream(`sample-${i}`)))).toBe(true);
    const edge = box.edge(stream(`edge-${i}`));
    expect(isInside(edge)).toBe(true);
    expect(box.distance(edge)).toBeCloseTo(1, 5);
  }
});

test("what is sampled between two neighbours of float32 is one of them", () => {
  const [one, next] = [Float32Array.of(1), Float32Array.of(1 + 2 ** -23)];
  const point = boxAround(one, next).sample(stream("narrow"));
  expect([one[0], next[0]]).toContain(point[0]);
});

test("bounds that contradict each other are no box", () => {
  expect(() => boxAround(Float32Array.of(1), Float32Array.of(0))).toThrow(RangeError);
  expect(() => boxAround(Float32Array.of(NaN), Float32Array.of(0))).toThrow(RangeError);
});

test("APGD climbs to the corner of a box that a linear loss rises to", () => {
  const slope = Float32Array.of(1, -2, 3, 4);
  const lossAt = function* (x: Float32Array): Asking<LossAt> {
    yield* [];
    return { loss: x.reduce((sum, value, i) => sum + value * slope[i]!, 0), gradient: slope, logits: x };
  };
  let last: Float32Array | undefined;
  const best = { succeeded: false, offer: (x: Float32Array) => void (last = x) };
  const subject = { ball: box, threat: boxThreat, randomised: false };
  const start = box.sample(stream("start"));
  expect(
    climbSteadily(subject, lossAt, { steps: 5, rho: 0.75, loss: "margin" }, start, best).next().done,
  ).toBe(true);
  expect([...last!]).toEqual([-1, 0, 300, 5]);
});
