import { beforeAll, describe, expect, test } from "vitest";
import { evaluated, headlineOf, OPTIONS } from "../../test/counted-evaluation.js";
import { renderReport } from "../report/index.js";
import { attacksOf, judgeThreshold, type Result } from "./index.js";

describe("a threshold", () => {
  let whole: Result;
  beforeAll(async () => {
    whole = await evaluated({ ...OPTIONS, epsilons: [0.15] });
  });

  test("that is missed ends the evaluation early, with a bound in the place of the accuracy", async () => {
    const real = headlineOf(whole);
    expect(real.accuracy).toBeGreaterThan(0);
    const threshold = real.accuracy + 0.2;
    const result = await evaluated({ ...OPTIONS, threshold });
    const m = headlineOf(result);
    expect(judgeThreshold(result, threshold).outcome).toBe("below");
    expect(m.accuracy).toBeLessThan(threshold);
    expect(m.accuracy).toBeGreaterThan(real.accuracy);
    expect(m.queries.gradient).toBeLessThan(real.queries.gradient);
    // The truth lies between what is certain and what may be.
    expect(m.correct - m.unfinished!).toBeLessThanOrEqual(real.correct);
    expect(m.interval.low).toBeLessThan(real.interval.low);
    expect(m.perImage!.unfinished!.filter((is) => is === 1)).toHaveLength(m.unfinished!);
    // Other ε decide nothing.
    expect(attacksOf(result.measurements)).toHaveLength(1);
    expect(result.limits).toEqual({ threshold, notRun: ["auto on small (L∞, ε = 0.05)"] });
    const [warning] = result.warnings.filter(({ code }) => code === "ended-early");
    expect(warning).toMatchObject({ severity: "warning", measurements: [m.id] });
    expect(warning!.message).toMatch(
      /small was certain to keep less than .*unfinished.*not run: auto on small/,
    );
    expect(await renderReport(result)).toContain(`≤ ${(100 * m.accuracy).toFixed(1)} %`);
  });

  test("that is reached is certain once enough images stand after all attacks", async () => {
    const real = headlineOf(whole);
    const threshold = (real.correct - 5) / real.n;
    const result = await evaluated({ ...OPTIONS, epsilons: [0.15], threshold });
    const m = headlineOf(result);
    expect(judgeThreshold(result, threshold).outcome).toBe("at or above");
    expect(m.unfinished).toBeGreaterThan(0);
    expect((m.correct - m.unfinished!) / m.n).toBeGreaterThanOrEqual(threshold);
    expect(result.warnings.find(({ code }) => code === "ended-early")!.message).toContain(
      "every model was certain to keep",
    );
  });

  test("waits for the other models where images go on to them", async () => {
    const options = { ...OPTIONS, epsilons: [0.15], transferFrom: ["small"] };
    const both = await evaluated(options, { models: 2 });
    const { accuracy, n } = headlineOf(both);
    const reached = await evaluated({ ...options, threshold: accuracy }, { models: 2 });
    expect(judgeThreshold(reached, accuracy).outcome).toBe("at or above");
    const missed = await evaluated({ ...options, threshold: accuracy + 1 / n }, { models: 2 });
    expect(judgeThreshold(missed, accuracy + 1 / n).outcome).toBe("below");
    // The first model's images told of both: the second was not attacked.
    expect(attacksOf(missed.measurements).map(({ model, kind }) => `${model} ${kind}`)).toEqual([
      "small white-box",
      "small1 transfer",
    ]);
  });

  test("of exactly the accuracy is reached, and just above it missed", async () => {
    const { accuracy, n } = headlineOf(whole);
    for (const [threshold, outcome] of [
      [accuracy, "at or above"],
      [accuracy + 0.5 / n, "below"],
    ] as const) {
      expect(judgeThreshold(whole, threshold).outcome).toBe(outcome);
      const result = await evaluated({ ...OPTIONS, epsilons: [0.15], threshold });
      expect(judgeThreshold(result, threshold).outcome).toBe(outcome);
    }
  });

  test("leaves no curve, and is refused beside one", async () => {
    await expect(evaluated({ ...OPTIONS, threshold: 0.5, curve: true })).rejects.toThrow(
      /curve: would not be run: a threshold ends the evaluation as soon as it is decided, before the curve/,
    );
  });

  test("that the clean images miss is decided without an attack", async () => {
    const result = await evaluated({ ...OPTIONS, threshold: 1 }, { wrong: 1 });
    expect(judgeThreshold(result, 1).outcome).toBe("below");
    expect(headlineOf(result)).toMatchObject({ correct: 47, unfinished: 47, queries: { gradient: 0 } });
  });
});
