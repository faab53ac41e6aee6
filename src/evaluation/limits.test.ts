import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { renderReport } from "../report/index.js";
import {
  attacksOf,
  evaluateModels,
  judgeThreshold,
  type AttackMeasurement,
  type EvaluateOptions,
  type Result,
} from "./index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-limits-"));
});
afterAll(() => rm(folder, { recursive: true }));

const OPTIONS: EvaluateOptions = {
  epsilons: [0.05, 0.15],
  attack: "auto",
  examples: 2,
  batchSize: 16,
  threads: 1,
  seed: 3,
};

interface Hooks {
  readonly keepIn?: string;
  /** Is told every progress. */
  readonly onProgress?: () => void;
  readonly models?: number;
  /** Images whose label is another class. */
  readonly wrong?: number;
}

async function evaluated(
  options: EvaluateOptions,
  { keepIn, onProgress, models = 1, wrong = 0 }: Hooks = {},
): Promise<Result> {
  const dataset = smallDataset(
    smallDataset().labels.map((label, i) => (i < wrong ? (label + 1) % 3 : label)),
  );
  return evaluateModels(
    Array.from({ length: models }, (_, i) => ({
      name: `small${i === 0 ? "" : i}`,
      classifier: smallNetwork(),
      info: { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" },
    })),
    { dataset, population: dataset.length, seed: null },
    options,
    { name: "holdfast", version: "0.0.0" },
    { keepIn, onEvent: ({ type }) => (type === "progress" ? onProgress?.() : undefined) },
  );
}

const headlineOf = (result: Result): AttackMeasurement =>
  attacksOf(result.measurements).find(({ threat }) => threat.epsilon === result.headline!.epsilon)!;

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
      /small is certain to keep less than .*not finished.*not run: auto on small/,
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
      "every model is certain to keep",
    );
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

  test("that the clean images miss is decided without an attack", async () => {
    const result = await evaluated({ ...OPTIONS, threshold: 1 }, { wrong: 1 });
    if (result.measurements[0]!.accuracy < 1)
      expect(attacksOf(result.measurements).every(({ queries }) => queries.gradient === 0)).toBe(true);
    expect(judgeThreshold(result, 1).outcome).toBe("below");
  });
});
