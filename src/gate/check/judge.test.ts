import { expect, test } from "vitest";
import { evaluated } from "../../../test/evaluated.js";
import type { Result } from "../../evaluation/index.js";
import { judgeBaseline, judgeModel } from "./judge.js";
import { parseConfig } from "./read-config.js";
import { hasPassed, type Outcome } from "./verdict.js";

const TEXT = `models: { m: m.onnx }
data: photos
threats: [{ epsilon: 0.1 }]
assert:
`;
const outcomes = (rules: string, result: Result): Outcome[] =>
  judgeModel({ model: "m", results: [result] }, parseConfig(TEXT + rules, "holdfast.yaml")).map(
    ({ outcome }) => outcome,
  );

// 8 of 10 are right when clean, 6 under attack.
const result = { ...evaluated([{ name: "any", images: "++++++aa--" }]), warnings: [] };
const warning = { code: "zero-gradient", severity: "serious", message: "m" } as const;

test.each<readonly [rules: string, ...outcomes: Outcome[]]>([
  ["  clean: { min: 0.8 }", "passed"],
  ["  clean: { min: 0.81 }", "failed"],
  ["  robust@linf:0.1: { min: 0.6, minLow: 0.3 }", "passed", "passed"],
  ["  robust@linf:0.1: { minLow: 0.6 }", "failed"],
  ["  warnings.serious: { max: 0 }", "passed"],
])("%s", (rules, ...expected) => {
  expect(outcomes(rules, result)).toEqual(expected);
});

test("what a serious warning calls false holds no lower bound, whatever it is", () => {
  const about = result.measurements.find(({ kind }) => kind === "white-box")!;
  const falsified = { ...result, warnings: [{ ...warning, measurements: [about.id] }] };
  expect(outcomes("  robust@linf:0.1: { min: 0.1, minLow: 0.1 }", falsified)).toEqual(["failed", "failed"]);
  expect(outcomes("  robust@linf:0.1: { max: 0.9 }", falsified)).toEqual(["passed"]);
  expect(outcomes("  clean: { min: 0.1 }", falsified)).toEqual(["passed"]);
  expect(outcomes("  warnings.serious: { max: 0 }", falsified)).toEqual(["failed"]);
  const [verdict] = judgeModel(
    { model: "m", results: [falsified] },
    parseConfig(`${TEXT}  robust@linf:0.1: { min: 0.1 }`, "holdfast.yaml"),
  );
  expect(verdict!.found).toContain("a serious warning calls it false");
});

test("what a budget left open is decided only where it cannot matter", () => {
  const measurements = result.measurements.map((m) =>
    m.kind === "white-box"
      ? {
          ...m,
          unfinished: 2,
          interval: { ...m.interval, low: 0.15 },
          perImage: { ...m.perImage!, unfinished: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0] as (0 | 1)[] },
        }
      : m,
  );
  const open = { ...result, measurements };
  expect(outcomes("  robust@linf:0.1: { min: 0.4 }", open)).toEqual(["passed"]);
  expect(outcomes("  robust@linf:0.1: { min: 0.5 }", open)).toEqual(["undecided"]);
  expect(outcomes("  robust@linf:0.1: { min: 0.7 }", open)).toEqual(["failed"]);
});

test("a baseline is held against, image by image: worse is what chance would not make of it", () => {
  const side = (place: string, images: string) => ({
    place,
    result: evaluated([{ name: "m", images }]),
    model: "m",
  });
  const rule = { path: "b.json", alpha: 0.05, level: "error" as const };
  const before = side("b.json", "+".repeat(20));
  const judged = (images: string): Outcome[] =>
    judgeBaseline(side("now", images), before, rule, 1).map(({ outcome }) => outcome);
  // 5 lost: p = .0625; 6 lost: p = .03125.
  expect(judged("a".repeat(5) + "+".repeat(15))).toEqual(["passed", "passed"]);
  expect(judged("a".repeat(6) + "+".repeat(14))).toEqual(["passed", "failed"]);
});

test("corrupted is the mean over kinds and severities", () => {
  const cell = (severity: 1 | 5, right: number) => ({
    id: `any/fog/${severity}`,
    model: "any",
    n: 10,
    correct: right,
    accuracy: right / 10,
    interval: { low: 0, high: 1, confidence: 0.95 },
    seed: 0,
    seconds: 0,
    corruption: "fog" as const,
    severity,
    predictions: Array.from({ length: 10 }, (_, i) => Number(i >= right)),
  });
  const corruptions = { scale: "imagenet", frost: "made", measurements: [cell(1, 8), cell(5, 4)] } as const;
  const judged = (rule: string, measured: Result): Outcome[] =>
    outcomes(`  corrupted: { ${rule} }\ncorruptions: true`, measured);
  const measured = { ...result, corruptions };
  expect(judged("min: 0.6", measured)).toEqual(["passed"]);
  expect(judged("min: 0.61", measured)).toEqual(["failed"]);
  // Of ten images 4 are right in both, 4 in one: a share of .6 ± .26.
  expect(judged("minLow: 0.3", measured)).toEqual(["passed"]);
  expect(judged("minLow: 0.4", measured)).toEqual(["failed"]);
  expect(judged("min: 0.1", result)).toEqual(["undecided"]);
  expect(() => outcomes("  corrupted: { min: 0.1 }", measured)).toThrow("add corruptions: true");
});

test("a warning that does not hold does not fail the check", () => {
  const config = parseConfig(`${TEXT}  clean: { min: 0.9, level: warn }`, "holdfast.yaml");
  expect(hasPassed(judgeModel({ model: "m", results: [result] }, config))).toBe(true);
});
