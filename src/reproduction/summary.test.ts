import { describe, expect, it } from "vitest";
import { checkGates, wilsonInterval, type Result } from "../evaluation/index.js";
import { renderReproduction } from "./report/index.js";
import type { ReproducedDatasetResult, ReproductionResult } from "./result.js";
import { summaryTable } from "./summary.js";

const N = 300;
const ACCURACIES = { guessing: 0.5, learned: 0.7 };

function datasetOf(): ReproducedDatasetResult {
  const measured = {
    dataset: { classNames: ["cat", "dog"], classCounts: [N / 2, N / 2], n: N },
    statements: ["Measured."],
    measurements: Object.entries(ACCURACIES).map(([model, accuracy]) => ({
      id: `clean ${model}`,
      kind: "clean",
      model,
      accuracy,
      n: N,
      interval: wilsonInterval(accuracy * N, N),
    })),
  } as unknown as Result;
  return {
    id: "pets",
    title: "Pets",
    description: "",
    result: { ...measured, warnings: checkGates(measured) },
    sources: {},
    rows: Object.keys(ACCURACIES).map((model) => ({
      model,
      recipe: model,
      title: model,
      seed: 0,
      measured: null,
    })),
    regionSource: null,
  };
}

describe("a defended model that is no better than a guess", () => {
  it("bears a mark in the table of the terminal", () => {
    const [, guessing, learned] = summaryTable(datasetOf());
    expect(guessing!.slice(0, 2)).toEqual(["guessing †", "50.0 %"]);
    expect(learned!.slice(0, 2)).toEqual(["learned", "70.0 %"]);
  });

  it("bears it in the report, which says what it means", async () => {
    const page = await renderReproduction({
      tool: {},
      runtime: {},
      preset: {},
      datasets: [datasetOf()],
    } as unknown as ReproductionResult);
    expect(page).toContain("guessing †");
    expect(page).not.toContain("learned †");
    expect(page).toContain("A row marked † answers clean images no better than a guess");
  });
});
