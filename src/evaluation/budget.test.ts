import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluated, headlineOf, OPTIONS, runsSoFar } from "../../test/counted-evaluation.js";
import { renderReport } from "../report/index.js";
import { openBudget } from "./budget.js";
import { nearestWithin } from "./nearest-within.js";
import {
  attacksOf,
  distancesOf,
  judgeThreshold,
  mergeResults,
  worstCase,
  type EvaluateOptions,
  type Result,
} from "./index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-limits-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a budget", () => {
  test("is shared equally, and what was kept counts", () => {
    let now = 0;
    const budget = openBudget(60, () => now);
    const first = budget.share(2);
    now = 29_000;
    expect([first(), budget.spent, budget.isSpent]).toEqual([false, 29, false]);
    budget.add(2);
    expect(first()).toBe(true);
    const rest = budget.share(1);
    now = 57_000;
    expect(rest()).toBe(false);
    now = 58_000;
    expect([rest(), budget.isSpent]).toEqual([true, true]);
  });

  test("that is too short leaves out what does not fit, the headline last, and names it", async () => {
    const result = await evaluated({ ...OPTIONS, budget: 1e-6 }, { models: 2 });
    expect(result.limits!.budget!.spent).toBeGreaterThan(1e-6);
    expect(result.limits!.notRun).toEqual(["auto on small (L∞, ε = 0.05)", "auto on small1 (L∞, ε = 0.05)"]);
    const rows = attacksOf(result.measurements);
    expect(rows.map(({ unfinished, n, interval }) => [unfinished, n, interval.low])).toEqual([
      [48, 48, 0],
      [48, 48, 0],
    ]);
    expect(rows[0]!.stages!.map(({ images, unfinished }) => [images, unfinished])).toEqual(
      Array.from({ length: 5 }, () => [48, 48]),
    );
    const [warning] = result.warnings.filter(({ code }) => code === "budget-spent");
    expect(warning).toMatchObject({ severity: "warning", measurements: rows.map(({ id }) => id) });
    expect(warning!.message).toMatch(
      /budget of 0\.000001 s ran out.*Square \+ APGD 48 of 48.*not run: auto on small/s,
    );
    expect(judgeThreshold(result, 0.5).outcome).toBe("undecided");
    expect(result.examples).toEqual([]);
  });

  test("that ends in the middle of an attack keeps what was broken, and says what was not reached", async () => {
    const whole = headlineOf(await evaluated({ ...OPTIONS, epsilons: [0.15] }));
    const options = { ...OPTIONS, epsilons: [0.15], budget: 100 };
    const result = await evaluated(options);
    const m = headlineOf(result);
    expect(m.unfinished).toBeGreaterThan(0);
    expect(m.correct).toBe(24);
    expect(m.stages!.map(({ broken, unfinished = 0 }) => [broken, unfinished])).toEqual([
      [24, 0],
      [0, 24],
      [0, 24],
      [0, 24],
      [0, 24],
    ]);
    // Whoever is finished is as in the whole run.
    m.perImage!.unfinished!.forEach((is, i) => {
      if (is === 0)
        expect(m.perImage!.adversarialPrediction[i]).toBe(whole.perImage!.adversarialPrediction[i]);
    });
    // No batch is begun after it.
    expect(result.limits!.budget).toEqual({ seconds: 100, spent: 100 });
    // On a machine of the same speed it is the same.
    expect(headlineOf(await evaluated(options))).toEqual(m);
  });

  test("that is longer than the suite goes on with stronger attacks at the headline", async () => {
    const result = await evaluated({ ...OPTIONS, budget: 3500, epsilons: [0.3, 0.15], headline: 0.15 });
    const m = headlineOf(result);
    expect(m.unfinished).toBeUndefined();
    expect(m.further).toBeGreaterThan(0);
    expect(m.stages!.length).toBe(5 + m.further!);
    expect(m.stages![5]).toMatchObject({ attack: "apgd", images: 22 });
    expect(result.limits!.budget!.spent).toBe(3500);
    const [other] = attacksOf(result.measurements).filter(({ threat }) => threat.epsilon === 0.3);
    expect(other).toMatchObject({ correct: 0 });
    expect(other!.further).toBeUndefined();
    expect(result.warnings.some(({ code }) => code === "budget-spent")).toBe(false);
    expect(result.statements.join(" ")).toContain(
      "had a budget of 3500 s. How much it does in that time depends on the speed",
    );
    expect(await renderReport(result)).toContain(`auto and ${m.further} more`);
  });

  test("is shared by models: what the first does not need is the others'", async () => {
    const result = await evaluated({ ...OPTIONS, budget: 700, epsilons: [0.15] }, { models: 2 });
    const [first, second] = attacksOf(result.measurements);
    for (const m of [first!, second!]) {
      expect(m.unfinished).toBeGreaterThan(0);
      expect(m.queries.gradient).toBeGreaterThan(1000);
    }
    const easy = await evaluated({ ...OPTIONS, budget: 600, epsilons: [0.3] }, { models: 2 });
    expect(easy.limits!.budget!.spent).toBeLessThan(600);
    expect(attacksOf(easy.measurements).map(({ correct }) => correct)).toEqual([0, 0]);
    expect(easy.limits!.notRun).toEqual([]);
  });

  test("scores what is finished on the other models, and names what is not", async () => {
    const transfer: EvaluateOptions = {
      ...OPTIONS,
      epsilons: [0.15],
      attack: "pgd",
      options: { steps: 20 },
      transferFrom: ["small"],
    };
    const long = await evaluated({ ...transfer, budget: 5000 }, { models: 2 });
    const rows = (result: Result): string[] =>
      attacksOf(result.measurements).map(({ model, kind }) => `${model} ${kind}`);
    expect(rows(long)).toEqual(["small white-box", "small1 transfer", "small1 white-box"]);
    const [, scored] = attacksOf(long.measurements);
    expect(scored).toMatchObject({ n: 48, accuracy: attacksOf(long.measurements)[0]!.accuracy });
    expect(long.limits!.notRun).toEqual([]);
    // Nothing follows a single attack: it ends when it is done.
    expect(long.limits!.budget!.spent).toBeLessThan(500);
    const short = await evaluated({ ...transfer, budget: 130 }, { models: 2 });
    expect(rows(short)).toEqual(["small white-box", "small1 transfer", "small1 white-box"]);
    expect(short.limits!.notRun).toEqual([]);
    const [own, other] = attacksOf(short.measurements);
    const finished = 48 - own!.unfinished!;
    expect(finished).toBeGreaterThan(0);
    // Both models are the same one, right on every clean image: what is not finished is so on both.
    expect(other).toMatchObject({ n: 48, correct: own!.correct, unfinished: 48 - finished });
    expect(other!.interval.low).toBe(own!.interval.low);
    expect(other!.perImage!.unfinished).toEqual(own!.perImage!.unfinished);
    const [warning] = short.warnings.filter(({ code }) => code === "budget-spent");
    expect(warning!.message).toContain(
      `PGD-20 from small on small1 (L∞, ε = 0.15): ${48 - finished} of 48 images`,
    );
    expect(await renderReport(short)).toContain(`${own!.correct} of 48, ${48 - finished} unfinished`);
  });

  test("that cuts off the search for the nearest images draws no curve, says so, and leaves the headline alone", async () => {
    const options = { ...OPTIONS, attack: "pgd", options: { steps: 5 }, epsilons: [0.15], curve: 60 };
    const whole = await evaluated(options);
    const result = await evaluated({ ...options, budget: 140 });
    const search = result.measurements.find((m) => m.kind === "nearest")!;
    expect(search.unfinished).toBeGreaterThan(0);
    expect(search.unfinished).toBeLessThan(48);
    const [warning] = result.warnings.filter(({ code }) => code === "budget-spent");
    expect(warning!.measurements).toEqual([search.id]);
    expect(warning!.message).toContain(
      `FMN-60 on small (L∞, ε = 1): ${search.unfinished} of 48 images unfinished`,
    );
    expect(result.statements.join(" ")).toContain(
      `FMN-60 on small was cut off with ${search.unfinished} of 48 images left, so there is no accuracy at every ε`,
    );
    expect(distancesOf(result)).toEqual([]);
    expect(distancesOf(whole)).toHaveLength(1);
    const page = await renderReport(result);
    for (const drawn of ["Accuracy at every ε, at most", "median L∞ distance"]) {
      expect(page).not.toContain(drawn);
      expect(await renderReport(whole)).toContain(drawn);
    }
    // The headline's own attack is done: nothing is left to be tried there.
    expect(nearestWithin([search], "small", result.headline!)[0]).not.toHaveProperty("unfinished");
    const worst = worstCase(result, "small", result.headline!)!;
    expect(worst.unfinished).toBeUndefined();
    expect(worst.measurements).toContain(search.id);
    expect(judgeThreshold(result, worst.accuracy).outcome).toBe("at or above");
  });

  test("ends early all the same, and leaves a threshold undecided where it is over first", async () => {
    const options = { ...OPTIONS, epsilons: [0.15], threshold: 0.4 };
    const short = await evaluated({ ...options, budget: 100 });
    expect(judgeThreshold(short, 0.4).outcome).toBe("undecided");
    const codes = short.warnings.map(({ code }) => code);
    expect(codes).toEqual(["budget-spent"]);
    const long = await evaluated({ ...options, budget: 100_000 });
    expect(judgeThreshold(long, 0.4).outcome).toBe("at or above");
    expect(long.limits!.budget!.spent).toBeLessThan(3000);
    expect(headlineOf(long).further).toBeUndefined();
    expect(long.warnings.map(({ code }) => code)).toEqual(["ended-early"]);
  });

  test("counts what was kept of a run that was killed with its seconds, and goes on from there", async () => {
    const keepIn = join(folder, "budget.partial");
    const options = { ...OPTIONS, epsilons: [0.15], budget: 1500 };
    await expect(evaluated(options, { keepIn, dies: 1200 })).rejects.toThrow("killed");
    const result = await evaluated(options, { keepIn });
    // About 1200 were spent before; what was under way when it was killed is lost.
    expect(runsSoFar()).toBeGreaterThan(300);
    expect(runsSoFar()).toBeLessThan(1200);
    expect(result.limits!.budget!.spent).toBe(1500);
    expect(headlineOf(result).stages![0]).toMatchObject({ images: 48, broken: 24 });
  });

  test("of shards adds up when they are merged", async () => {
    const options = { ...OPTIONS, epsilons: [0.05, 0.15] };
    const parts = [];
    for (const index of [1, 2]) {
      const result = await evaluated({
        ...options,
        budget: index === 1 ? 1e-6 : undefined,
        shard: { index, count: 2 },
      });
      parts.push({ place: `${index}.json`, result });
    }
    const merged = mergeResults(parts);
    const m = headlineOf(merged);
    expect(m).toMatchObject({ n: 48, unfinished: 24 });
    expect(m.perImage!.unfinished).toEqual(Array.from({ length: 48 }, (_, i) => (i % 2 === 0 ? 1 : 0)));
    expect(m.stages![0]).toMatchObject({ images: 48, unfinished: 24 });
    expect(merged.limits!.budget!.seconds).toBeCloseTo(1e-6);
    // What one shard had no time for is none of the whole, and named once.
    expect(attacksOf(merged.measurements)).toHaveLength(1);
    expect(merged.limits!.notRun).toEqual(["auto on small (L∞, ε = 0.05)"]);
    expect(merged.warnings.some(({ code }) => code === "budget-spent")).toBe(true);
  });
});
