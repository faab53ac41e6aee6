import { expect, test } from "vitest";
import { boundedInterval, wilsonInterval } from "./intervals.js";
import { judgeThreshold, type AttackMeasurement, type Result } from "./index.js";

const THREAT = { norm: "linf", epsilon: 0.1 } as const;

/** `marks`: `.` an image that stands, `x` one that is broken, `?` one that is not finished. */
function measured(rows: Readonly<Record<string, readonly string[]>>, threshold?: number): Result {
  const measurements = Object.entries(rows).flatMap(([model, all]) =>
    all.map((marks, i) => {
      const column = <T>(of: (mark: string) => T): T[] => [...marks].map(of);
      return {
        kind: "white-box",
        id: `${model}/${i}`,
        model,
        threat: THREAT,
        accuracy: column((mark) => mark).filter((mark) => mark !== "x").length / marks.length,
        parameters: { targeted: false },
        perImage: {
          index: column(() => 0).map((_, at) => at),
          label: column(() => 1),
          adversarialPrediction: column((mark) => (mark === "x" ? 0 : 1)),
          unfinished: column((mark) => (mark === "?" ? 1 : 0)),
        },
      } as unknown as AttackMeasurement;
    }),
  );
  return {
    headline: THREAT,
    models: Object.keys(rows).map((name) => ({ name })),
    measurements,
    ...(threshold !== undefined && { limits: { threshold, notRun: [] } }),
  } as unknown as Result;
}

test.each([
  [0.5, { a: ["..xx"] }, "at or above", "a"],
  [0.51, { a: ["..xx"] }, "below", "a"],
  // An image that is not finished may stand or break.
  [0.5, { a: [".?xx"] }, "undecided", "a"],
  [0.25, { a: [".?xx"] }, "at or above", "a"],
  [0.51, { a: [".?xx"] }, "below", "a"],
  // Broken by one attack, and not finished in another.
  [0.5, { a: ["..?x", "..x?"] }, "at or above", "a"],
  [0.5, { a: ["x...", ".xx."] }, "below", "a"],
  // The weakest model counts.
  [0.5, { a: ["...."], b: ["xxx."] }, "below", "b"],
  [0.5, { a: ["...."], b: [] }, "below", "b"],
] as const)("%f of %j is %s", (threshold, rows, outcome, model) => {
  expect(judgeThreshold(measured(rows), threshold)).toMatchObject({ outcome, model });
});

test("once one model was certain to be below, others need not have been attacked", () => {
  expect(judgeThreshold(measured({ a: ["xxx."], b: [] }, 0.5), 0.5)).toMatchObject({
    outcome: "below",
    model: "a",
  });
  expect(judgeThreshold(measured({ a: ["...."], b: [] }, 0.5), 0.5)).toMatchObject({
    outcome: "undecided",
    model: "b",
    worst: undefined,
  });
});

test("the interval of a bound reaches down to where all that is unfinished breaks", () => {
  expect(boundedInterval(30, 40)).toEqual(wilsonInterval(30, 40));
  expect(boundedInterval(30, 40, 10)).toEqual({
    low: wilsonInterval(20, 40).low,
    high: wilsonInterval(30, 40).high,
    confidence: 0.95,
  });
});
