import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluated, type ModelByHand } from "../../../test/evaluated.js";
import { InputError } from "../../errors/index.js";
import type { Result } from "../../evaluation/index.js";
import { compareModels, type Side } from "./compare.js";
import { comparisonJsonSchema, comparisonSchema, type Comparison } from "./comparison.js";

const sideOf = (place: string, model: ModelByHand, more: Partial<Result> = {}): Side => ({
  place,
  result: evaluated([model], more),
  model: model.name,
});
const first = sideOf("a.json", { name: "a", images: "+++a-" });
const tool = { name: "holdfast", version: "0.0.0" };
const compare = (second: Side): Comparison =>
  compareModels(first, second, { tool, fileName: (place) => `${place}.png` });

test("the published schema is the one that comparisons are checked by", () => {
  // Made by scripts/generated.mjs.
  const published: unknown = JSON.parse(readFileSync("schemas/comparison.schema.json", "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(comparisonJsonSchema())));
});

test("images are paired, clean and under attack, and those that changed sides are named", () => {
  const comparison = compare(sideOf("b.json", { name: "b", images: "+a-++" }));
  expect(comparisonSchema.parse(comparison)).toEqual(comparison);
  const [clean, attacked] = comparison.measurements;
  expect(clean).toMatchObject({
    attack: null,
    counts: { both: 3, firstOnly: 1, secondOnly: 1, neither: 0 },
    pValue: 1,
    difference: { difference: 0 },
  });
  expect(attacked).toMatchObject({
    attack: "pgd",
    threat: { norm: "linf", epsilon: 0.1 },
    counts: { both: 1, firstOnly: 2, secondOnly: 2, neither: 0 },
    first: { correct: 3 },
    second: { correct: 3 },
    changed: {
      lost: [
        { index: 1, fileName: "1.png", label: 0, predictions: [0, 1] },
        { index: 2, fileName: "2.png" },
      ],
      gained: [
        { index: 3, predictions: [1, 0] },
        { index: 4, predictions: [1, 0] },
      ],
    },
  });
});

test("what makes a number mean less is said, the gravest first", () => {
  const warnings = (severities: readonly ("info" | "warning" | "serious")[]) =>
    severities.map((severity) => ({
      code: "zero-gradient" as const,
      severity,
      message: `${severity} of b`,
      measurements: second.result.measurements.map(({ id }) => id),
    }));
  const second = sideOf("b.json", { name: "b", images: "+a-++" });
  const result = { ...second.result, warnings: warnings(["info", "warning", "serious"]) };
  const own = { ...first, result: { ...first.result, warnings: [] } };
  const { warnings: said } = compareModels(own, { ...second, result }, { tool });
  expect(said.map(({ message }) => message)).toEqual(["serious of b", "warning of b"]);
});

describe("what does not belong together is refused", () => {
  const same: ModelByHand = { name: "b", images: "+++a-" };
  const { dataset } = first.result;
  test.each<readonly [what: string, second: Side, words: RegExp]>([
    [
      "data",
      sideOf("b.json", same, { dataset: { ...dataset, name: "pets" } }),
      /differs from a\.json in the data: "pets", not "photos"/,
    ],
    [
      "sample",
      sideOf("b.json", same, {
        dataset: { ...dataset, population: 9, sampling: "class-balanced", sampleSeed: 1 },
      }),
      /drawn from/,
    ],
    ["seed", sideOf("b.json", same, { seed: 1 }), /differs from a\.json in the seed: 1, not 0/],
    ["threat", sideOf("b.json", { ...same, epsilon: 0.2 }), /was not measured as .* \(pgd, L∞, ε 0\.[12]\)/],
    ["attack", sideOf("b.json", { ...same, attack: "apgd" }), /was not measured as/],
    ["images", sideOf("b.json", { name: "b", images: "+++a" }), /in the number of images/],
  ])("other %s", (_, second, words) => {
    expect(() => compare(second)).toThrow(InputError);
    expect(() => compare(second)).toThrow(words);
  });

  test("answers of other images", () => {
    const second = sideOf("b.json", same);
    const measurements = second.result.measurements.map((m) =>
      m.perImage === undefined ? m : { ...m, perImage: { ...m.perImage, index: [5, 6, 7, 8, 9] } },
    ) as Result["measurements"];
    const moved = { ...second, result: { ...second.result, measurements } };
    expect(() => compare(moved)).toThrow(/has other images than a\.json/);
  });

  test("an attack that was cut off", () => {
    const second = sideOf("b.json", same);
    const measurements = second.result.measurements.map((m) =>
      m.kind === "white-box" ? { ...m, unfinished: 2 } : m,
    );
    const cut = { ...second, result: { ...second.result, measurements } };
    expect(() => compare(cut)).toThrow(/was cut off with 2 images unfinished/);
  });
});
