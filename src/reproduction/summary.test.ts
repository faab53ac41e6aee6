import { describe, expect, it } from "vitest";
import { reproductionByHand, type RowByHand } from "../../test/reproduction.js";
import { renderReproduction } from "./report/index.js";
import { tableOne, smallEpsilonTable } from "./report/tables.js";
import type { ReproducedDatasetResult } from "./result.js";
import { summaryNotes, summaryTable, summaryWarnings } from "./summary.js";

function datasetOf(rows: readonly RowByHand[]): ReproducedDatasetResult {
  return reproductionByHand(rows).result.datasets[0]!;
}

describe("a defended model that is no better than a guess", () => {
  const rows = [
    { model: "guessing", recipe: "guessing", clean: 50, attacked: 20 },
    { model: "learned", recipe: "learned", clean: 80, attacked: 20 },
  ];

  it("bears a mark in the table of the terminal, which is explained", () => {
    const [, guessing, learned] = summaryTable(datasetOf(rows));
    expect(guessing!.slice(0, 2)).toEqual(["guessing †", "50.0 %"]);
    expect(learned!.slice(0, 2)).toEqual(["learned", "80.0 %"]);
    expect(summaryNotes(datasetOf(rows))).toEqual([expect.stringMatching(/^† .* no better than a guess/)]);
    expect(summaryNotes(datasetOf(rows.slice(1)))).toEqual([]);
  });

  it("bears it in the report, which says what it means", async () => {
    const page = await renderReproduction(reproductionByHand(rows).result);
    expect(page).toContain("guessing †");
    expect(page).not.toContain("learned †");
    expect(page).toContain("A model marked † is no better than a guess on clean images");
  });
});

describe("several seeds of a defence", () => {
  const seedsOf = (clean: readonly number[], attacked: readonly number[]): RowByHand[] =>
    clean.map((correct, seed) => ({
      model: `pat, seed ${seed}`,
      recipe: "pat",
      seed,
      clean: correct,
      attacked: attacked[seed]!,
    }));
  const alone = { model: "alp, seed 0", recipe: "alp", clean: 90, attacked: 1 };
  const rows = [...seedsOf([81, 70, 80], [30, 20, 25]), alone];

  it("get a row of their mean, with the smallest and the largest", () => {
    const dataset = datasetOf(rows);
    const table = summaryTable(dataset);
    expect(table.map(([name]) => name)).toEqual([
      "pets",
      "pat, seed 0",
      "pat, seed 1",
      "pat, seed 2",
      "alp, seed 0",
      "pat, mean of 3 seeds",
    ]);
    const column = table[0]!.indexOf("white-box 8/255");
    const mean = table.at(-1)!;
    expect([mean[1], mean[column]]).toEqual(["77.0 % (70.0–81.0)", "25.0 % (20.0–30.0)"]);
    expect(summaryNotes(dataset)).toEqual([expect.stringContaining("the smallest and the largest")]);
  });

  it("get it in both tables of the report, whose captions say what the range is", () => {
    for (const { html } of [tableOne(datasetOf(rows)), smallEpsilonTable(datasetOf(rows))]) {
      expect(html).toContain("Below a mean over seeds are the smallest and the largest of them");
      const [, mean] = html.split("pat, mean of 3 seeds");
      expect(mean).toMatch(/<b>25\.0 %\*<\/b>[^]*20\.0 % – 30\.0 %/);
      expect(html).not.toContain("alp, mean");
    }
    const one = [rows[0]!, alone];
    for (const { html } of [tableOne(datasetOf(one)), smallEpsilonTable(datasetOf(one))]) {
      expect(html).not.toContain("mean of");
    }
  });

  it("have no mean of what one of them has not, and a mark where one is a guess", () => {
    const whole = datasetOf(seedsOf([81, 52, 80], [30, 20, 25]));
    const measurements = whole.result.measurements.filter(
      (m) => m.kind !== "white-box" || m.model !== "pat, seed 2",
    );
    const table = summaryTable({ ...whole, result: { ...whole.result, measurements } });
    const mean = table.at(-1)!;
    expect(mean[0]).toBe("pat, mean of 3 seeds †");
    expect(mean[table[0]!.indexOf("white-box 8/255")]).toBe("–");
    expect(mean[table[0]!.indexOf("black-box 0.25")]).toBe("25.0 % (20.0–30.0)");
  });
});

describe("warnings on the terminal", () => {
  it("are a line for each kind and severity, the gravest first, without notes", () => {
    const { measurements } = datasetOf([{ model: "pat", recipe: "pat", clean: 80, attacked: 20 }]).result;
    const [a, b, c] = measurements.map(({ id }) => id) as [string, string, string];
    const lines = summaryWarnings({
      measurements,
      warnings: [
        { code: "not-converged", severity: "warning", message: "It still fell.", measurements: [c] },
        { code: "above-chance", severity: "serious", message: "The first.", measurements: [a, b] },
        { code: "above-chance", severity: "info", message: "Nothing much.", measurements: [c] },
        { code: "above-chance", severity: "serious", message: "The second.", measurements: [b] },
      ],
    });
    expect(lines).toEqual([
      `2 of ${measurements.length} numbers are not robustness, 1 to treat with caution; the report says which`,
      "serious: Accuracy never falls to chance (2 numbers): The first.",
      "warning: The attack had not converged (1 number): It still fell.",
    ]);
  });

  it("are none where there is nothing but notes", () => {
    const warnings = [
      { code: "above-chance", severity: "info", message: "Nothing much.", measurements: [] },
    ] as const;
    expect(summaryWarnings({ measurements: [], warnings })).toEqual([]);
  });
});
