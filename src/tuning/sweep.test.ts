import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyRun } from "../../test/runs/settings.js";
import { sweep, type SweepEvent, type SweepOptions } from "./index.js";

let root = "";
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-sweep-"))));
afterAll(() => rm(root, { recursive: true }));

function options(vary: SweepOptions["vary"], more: Partial<SweepOptions["base"]> = {}): SweepOptions {
  const base = { ...tinyRun(join(root, "sweep")), ...more };
  return { base, vary, criterion: "mean", judge: { epsilon: 8 / 255, steps: 2 } };
}

const RATES = { learningRate: [0.001, 0.01] };

test("tries every value, ranks them, and does nothing twice", async () => {
  const told: SweepEvent[] = [];
  let steps = 0;
  const hooks = {
    onSweep: (event: SweepEvent): void => void told.push(event),
    onEvent: ({ type }: { readonly type: string }): void => void (steps += Number(type === "step")),
  };
  const trials = await sweep(options(RATES), hooks);
  expect(trials.map(({ values }) => values["learningRate"]).sort()).toEqual(RATES.learningRate);
  expect(trials[0]!.score).toBeGreaterThanOrEqual(trials[1]!.score);
  expect(trials[0]!.score).toBe((trials[0]!.clean.accuracy + trials[0]!.robust.accuracy) / 2);
  expect(told.map(({ type }) => type)).toEqual(["trial", "judged", "trial", "judged"]);
  const before = steps;
  expect(before).toBeGreaterThan(0);
  expect(await sweep(options(RATES), hooks)).toEqual(trials);
  expect(steps).toBe(before);
});

test.each([
  [
    "another model",
    { model: "resnet18-narrow" },
    /model is "resnet-mini", but you asked for "resnet18-narrow"/,
  ],
  ["images of another size", { dataOptions: { size: { height: 24, width: 24 } } }, /dataOptions is/],
  ["other data", { data: "flowers" }, /data is "mnist", but you asked for "flowers"/],
])("does not give out the trials of %s as its own", async (_, more, words) => {
  await expect(sweep(options(RATES, more))).rejects.toThrow(words);
});

test.each([
  [
    "recipe.weights.logitParing",
    'recipe.weights.logitParing: there is no "logitParing"',
    "Did you mean logitPairing?",
  ],
  ["learningrate", 'there is no "learningrate"', "Did you mean learningRate?"],
  ["recipe.model.inputNoise.scale", 'there is no "model"', ""],
])("a setting that is not there is named: %s", async (path, problem, remedy) => {
  const error = await sweep(options({ [path]: [0.1] })).catch((e: unknown) => e as Error);
  expect((error as Error).message).toContain(problem);
  expect((error as Error).message).toContain(remedy);
});

test("choosing without validation images is refused", async () => {
  const { base } = options(RATES);
  const settings = { ...base.settings, validation: { ...base.settings.validation, images: 0 } };
  await expect(sweep(options(RATES, { settings }))).rejects.toThrow(/needs validation images/);
});
