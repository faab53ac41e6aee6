import { warningTitles, type Measurement, type Result } from "../evaluation/results.js";
import { percent } from "../report/index.js";
import { countWarnings } from "./report/index.js";
import { meanOf, severalSeeds } from "./report/seeds.js";
import { GUESS_MARK, meanTitleOf, tableOneColumns, titleOf } from "./report/tables.js";
import type { ReproducedDatasetResult } from "./result.js";

/** Table 1 of one dataset as rows of text; {@link summaryNotes} explains its marks. */
export function summaryTable(dataset: ReproducedDatasetResult): string[][] {
  const columns = tableOneColumns(dataset);
  return [
    [dataset.title, ...columns.map(({ head }) => head)],
    ...dataset.rows.map((row) => [titleOf(dataset, row), ...columns.map(({ of }) => cell(of(row)))]),
    ...severalSeeds(dataset).map((seeds) => [
      meanTitleOf(dataset, seeds),
      ...columns.map(({ of }) => meanCell(seeds.rows.map(of))),
    ]),
  ];
}

function cell(measurement: Measurement | undefined): string {
  return measurement === undefined ? "–" : percent(measurement.accuracy);
}

function meanCell(measurements: readonly (Measurement | undefined)[]): string {
  const seeds = meanOf(measurements);
  if (seeds === undefined) return "–";
  const number = (share: number): string => (100 * share).toFixed(1);
  return `${percent(seeds.mean)} (${number(seeds.least)}–${number(seeds.most)})`;
}

/** A sentence for each mark in {@link summaryTable}. */
export function summaryNotes(dataset: ReproducedDatasetResult): string[] {
  const notes: string[] = [];
  if (summaryTable(dataset).some(([name]) => name!.endsWith(GUESS_MARK))) {
    notes.push(`${GUESS_MARK} is no better than a guess on clean images: its other numbers mean nothing`);
  }
  if (severalSeeds(dataset).length > 0) {
    notes.push(
      "next to a mean over seeds: the smallest and the largest of them; a mean is marked if any seed is",
    );
  }
  return notes;
}

/** A line for each kind of warning that makes numbers false or weak, most serious first; empty if there is none. */
export function summaryWarnings({
  warnings,
  measurements,
}: Pick<Result, "warnings" | "measurements">): string[] {
  const counted = countWarnings({ warnings });
  const lines = (["serious", "warning"] as const).flatMap((severity) => {
    const own = warnings.filter((each) => each.severity === severity);
    return [...new Set(own.map(({ code }) => code))].map((code) => {
      const kind = own.filter((each) => each.code === code);
      const about = new Set(kind.flatMap((each) => each.measurements)).size;
      const numbers = about === 1 ? "1 number" : `${about} numbers`;
      return `${severity}: ${warningTitles[code]} (${numbers}): ${kind[0]!.message}`;
    });
  });
  if (lines.length === 0) return [];
  const all = `${counted.serious} of ${measurements.length} numbers are not robustness, ${counted.warning} to treat with caution; the report says which`;
  return [all, ...lines];
}
