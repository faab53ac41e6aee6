import type { Measurement } from "../evaluation/index.js";
import { formatEpsilon, percent } from "../report/index.js";
import { cleanOf, epsilonsOf, PAPER_EPSILONS, titleOf, transferOf, whiteBoxOf } from "./report/tables.js";
import type { ReproducedDatasetResult } from "./result.js";

/** Table 1 of one dataset as rows of text: transfer at the paper's radii, white-box at every one; † is a model no better than a guess. */
export function summaryTable(dataset: ReproducedDatasetResult): string[][] {
  const epsilons = epsilonsOf(dataset).filter((epsilon) =>
    dataset.rows.some(({ model }) => whiteBoxOf(dataset, model, epsilon) !== undefined),
  );
  const cell = (measurement: Measurement | undefined): string =>
    measurement === undefined ? "–" : percent(measurement.accuracy);
  return [
    [
      dataset.title,
      "clean",
      ...PAPER_EPSILONS.map((epsilon) => `gray-box ${epsilon}`),
      ...PAPER_EPSILONS.map((epsilon) => `black-box ${epsilon}`),
      ...epsilons.map((epsilon) => `white-box ${formatEpsilon(epsilon)}`),
    ],
    ...dataset.rows.map((row) => [
      titleOf(dataset, row),
      cell(cleanOf(dataset, row.model)),
      ...PAPER_EPSILONS.map((epsilon) => cell(transferOf(dataset, row.model, "gray-box", epsilon))),
      ...PAPER_EPSILONS.map((epsilon) => cell(transferOf(dataset, row.model, "black-box", epsilon))),
      ...epsilons.map((epsilon) => cell(whiteBoxOf(dataset, row.model, epsilon))),
    ]),
  ];
}
