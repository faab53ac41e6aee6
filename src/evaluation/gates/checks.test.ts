import { describe, expect, it, test } from "vitest";
import { suiteMeasurement } from "../../../test/suite-measurement.js";
import { checkGates, checkStatements, worstCase, type FailureSigns, type FurtherAttack } from "../index.js";
import type { ModelChecks } from "../result/index.js";
import type { Measured } from "../curves.js";

const about = suiteMeasurement([{ attack: "apgd", broken: 40, options: { steps: 100 } }], {
  zeroGradient: { images: 0, standing: 0, operators: [] },
});
const dataset: Measured["dataset"] = {
  name: "d",
  split: "test",
  n: 100,
  sampling: "full",
  population: 100,
  sampleSeed: null,
  classNames: ["a", "b", "c", "d", "e"],
  classCounts: [20, 20, 20, 20, 20],
  channels: 1,
  height: 1,
  width: 1,
};
const spent = { queries: { forward: 0, gradient: 0 }, seconds: 0 };
const further = (
  purpose: FurtherAttack["purpose"],
  broken: number,
  { images = 30, standing = 60 }: { images?: number; standing?: number } = {},
): FurtherAttack => ({
  purpose,
  attack: purpose === "longer" ? "apgd" : "attention-apgd",
  parameters: { steps: 200 },
  standing,
  sample: { images, broken },
  images,
  broken,
  found: {
    index: Array.from({ length: broken }, (_, i) => i),
    prediction: Array.from({ length: broken }, () => 1),
  },
  ...spent,
});
const signs = (found: Partial<FailureSigns> = {}): FailureSigns => ({
  attack: "apgd",
  parameters: { steps: 100 },
  images: 12,
  noGradient: 0,
  instability: 0.01,
  lost: 0,
  rising: 0,
  refuted: 0,
  unbounded: 0,
  ...found,
  ...spent,
});
const repeats = (found: Partial<NonNullable<ModelChecks["repeats"]>> = {}) => ({
  images: 64,
  correct: [60, 60, 60, 60, 60],
  difference: 0,
  saturated: 0,
  ...found,
});
const measured = (checks: Partial<ModelChecks>, recipe: string | null = null): Measured => ({
  dataset,
  measurements: [about],
  models: [{ name: "m", recipe }],
  checks: [{ model: "m", measurement: about.id, ...checks }],
});
const raised = (checks: Partial<ModelChecks>, recipe?: string): [string, string][] =>
  checkGates(measured(checks, recipe)).map(({ code, severity }) => [code, severity]);

describe("each check warns of what it is for, and not of what is sound", () => {
  const cases: readonly [string, Partial<ModelChecks>, Partial<ModelChecks>, string][] = [
    // The interval of 60 of 100 begins at 50.2 %.
    ["not-converged", { further: [further("longer", 6)] }, { further: [further("longer", 4)] }, "warning"],
    ["not-adaptive", { further: [further("adaptive", 1)] }, { further: [further("adaptive", 0)] }, "warning"],
    [
      "unreliable-attack",
      { repeats: repeats({ correct: [60, 59, 60, 60, 60], averagedOver: 10 }) },
      { repeats: repeats({ difference: 1e-5 }) },
      "serious",
    ],
    ["fitted", { repeats: repeats({ saturated: 1 }) }, { repeats: repeats() }, "info"],
    ["unavailable-gradients", { signs: signs({ noGradient: 1 }) }, { signs: signs() }, "warning"],
    [
      "unstable-predictions",
      { signs: signs({ instability: 0.2 }) },
      { signs: signs({ instability: 0.1 }) },
      "warning",
    ],
    [
      "unstable-predictions",
      { signs: signs({ instability: 2 }) },
      { signs: signs({ instability: 0.05 }) },
      "serious",
    ],
    ["silent-success", { signs: signs({ lost: 1 }) }, { signs: signs() }, "serious"],
    ["incomplete-optimisation", { signs: signs({ rising: 3 }) }, { signs: signs({ rising: 2 }) }, "warning"],
    [
      "incomplete-optimisation",
      { signs: signs({ rising: 3 }), further: [further("longer", 0)] },
      { signs: signs({ rising: 1 }) },
      "info",
    ],
    ["transfer-failure", { signs: signs({ refuted: 1 }) }, { signs: signs() }, "serious"],
    ["unconstrained-failure", { signs: signs({ unbounded: 1 }) }, { signs: signs() }, "warning"],
    ["unconstrained-failure", { signs: signs({ unbounded: 3 }) }, { signs: signs() }, "serious"],
    [
      "misleading-scores",
      { boundary: { images: 16, cliffs: 4 } },
      { boundary: { images: 16, cliffs: 3 } },
      "serious",
    ],
    [
      "misleading-scores",
      { boundary: { images: 16, cliffs: 16 }, further: [further("decision", 55, { images: 60 })] },
      { boundary: { images: 16, cliffs: 0 } },
      "warning",
    ],
  ];
  it.each(cases)("%s", (code, raising, sound, severity) => {
    expect(raised(raising)).toContainEqual([code, severity]);
    expect(raised(sound).map(([found]) => found)).not.toContain(code);
  });
});

test("an attack on decisions alone is advised in the norms that it has", () => {
  const told = (norm: "linf" | "l1"): string => {
    const alone = { ...about, threat: { norm, epsilon: 0.3 } };
    const checks = { ...measured({ boundary: { images: 4, cliffs: 4 } }), measurements: [alone] };
    return checkGates(checks).find(({ code }) => code === "misleading-scores")!.message;
  };
  expect(told("l1")).toContain("--queries 20000) in L∞ or L2, the norms it supports");
  expect(told("linf")).not.toContain("the norms it supports");
});

test("a model trained to keep its attention or logits is to be attacked on them", () => {
  expect(raised({}, "at-alp")).toEqual([["not-adaptive", "info"]]);
  expect(raised({ further: [further("adaptive", 0)] }, "at-alp")).toEqual([]);
  expect(raised({}, "pat")).toEqual([]);
  const told = (threat: typeof about.threat): string => {
    const alone = { ...measured({}, "at-alp"), measurements: [{ ...about, threat }] };
    return checkGates(alone).find(({ code }) => code === "not-adaptive")!.message;
  };
  // Neither a shard nor a budget makes checks: the command does in any case.
  expect(told(about.threat)).toMatch(/Also measure it with holdfast evaluate --attack attention-apgd\.$/);
  expect(told({ norm: "l1", epsilon: 1 })).toMatch(
    /--attack attention-apgd in L∞ or L2, the norms it supports\.$/,
  );
});

test("of a sample the share counts, and one image alone does not say that an attack had not converged", () => {
  const one = { images: 6, standing: 60 };
  expect(raised({ further: [further("longer", 1, one)] })).toEqual([]);
  expect(raised({ further: [further("longer", 2, one)] })).toEqual([["not-converged", "warning"]]);
});

test("what a check broke counts in the worst case, and is said", () => {
  const perImage = {
    index: Array.from({ length: 100 }, (_, i) => i),
    label: Array.from({ length: 100 }, () => 0),
    cleanPrediction: Array.from({ length: 100 }, () => 0),
    // The first sixty stand.
    adversarialPrediction: Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : 1)),
    success: Array.from<unknown, 0 | 1>({ length: 100 }, (_, i) => (i < 60 ? 0 : 1)),
    distance: Array.from({ length: 100 }, () => 0),
  };
  const checks = { further: [further("longer", 5), further("adaptive", 3)] };
  const whole = { ...measured(checks), measurements: [{ ...about, perImage }] };
  expect(worstCase(whole, "m", about.threat)!.correct).toBe(55);
  expect(checkStatements(whole)[0]).toBe(
    "m: the checks broke 5 of the 60 images that had survived AutoAttack, so 55 of 100 are left (55.0 %).",
  );
});

test("what was tried in vain is said", () => {
  const checks = { further: [further("longer", 0), further("adaptive", 0)], signs: signs() };
  expect(checkStatements(measured(checks))).toEqual([
    "m was checked on samples of the 60 images that survived AutoAttack: APGD-200 (twice the steps) broke none of 30, APGD + " +
      "attention-200 (made for attention pairing) broke none of 30 and 12 showed no sign of a failing attack (Pintor et al. 2022).",
  ]);
});

describe("attacks without gradients", () => {
  const auto = (blind: number, broken = blind) => {
    const suite = suiteMeasurement(
      [
        { attack: "pgd", broken: 300 },
        { attack: "square-apgd", broken },
      ],
      { right: 900, n: 1000 },
    );
    const stages = suite.stages!.map((stage, i) => (i === 1 && blind > 0 ? { ...stage, blind } : stage));
    return { ...suite, stages };
  };
  const codes = (measurements: Measured["measurements"]): [string, string][] =>
    checkGates({
      dataset: { ...dataset, n: 1000, classCounts: [200, 200, 200, 200, 200] },
      measurements,
    }).map(({ code, severity }) => [code, severity]);

  it("count where a stage breaks images before its first gradient", () => {
    expect(codes([auto(2)])).toEqual([]);
    // Broken by the gradient that came after the search.
    expect(codes([auto(0, 9)])).toEqual([]);
    expect(codes([auto(3)])).toEqual([["black-box-stronger", "warning"]]);
    expect(codes([auto(60)])).toEqual([["black-box-stronger", "serious"]]);
  });

  it("are compared with those by gradients in rows of their own", () => {
    const white = (attack: string, correct: number) => {
      const { stages: _, ...own } = suiteMeasurement([], { right: correct, n: 1000 });
      return { ...own, attack, id: attack };
    };
    expect(codes([white("apgd", 500), white("square", 480)])).toEqual([["transfer-stronger", "serious"]]);
    expect(codes([white("apgd", 500), white("square", 499)])).toEqual([]);
    expect(codes([white("square", 480)])).toEqual([]);
  });
});
