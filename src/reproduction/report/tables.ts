import type { AttackMeasurement, CleanMeasurement, Measurement } from "../../evaluation/index.js";
import { formatEpsilon, html, interval, percent, table, type Html } from "../../report/index.js";
import type { Setting } from "../plan.js";
import { publishedValue } from "../published.js";
import type { ReproducedDatasetResult, ReproducedRow } from "../result.js";
import { meanOf, severalSeeds, type Seeds } from "./seeds.js";

/** ε of the paper's tables. */
export const PAPER_EPSILONS = [0.25, 0.5] as const;
const TRANSFER: readonly Setting[] = ["gray-box", "black-box"];

/** Transfer at one ε, after the most iterations measured. */
export function transferOf(
  { result, sources }: ReproducedDatasetResult,
  model: string,
  setting: Setting,
  epsilon: number,
): AttackMeasurement | undefined {
  return result.measurements
    .filter(
      (m) =>
        m.kind === "transfer" &&
        m.model === model &&
        m.source === sources[setting] &&
        m.threat.epsilon === epsilon,
    )
    .reduce<AttackMeasurement | undefined>(
      (last, m) => (isAttack(m) && stepsOf(m) >= stepsOf(last) ? m : last),
      undefined,
    );
}

const isAttack = (m: Measurement): m is AttackMeasurement => m.kind === "white-box" || m.kind === "transfer";
const stepsOf = (m: AttackMeasurement | undefined): number => m?.parameters.steps ?? -1;

/** The lowest white-box accuracy at one ε. */
export function whiteBoxOf(
  { result }: ReproducedDatasetResult,
  model: string,
  epsilon: number,
): AttackMeasurement | undefined {
  return result.measurements
    .filter(
      (m): m is AttackMeasurement =>
        m.kind === "white-box" && m.model === model && m.threat.epsilon === epsilon,
    )
    .reduce<AttackMeasurement | undefined>(
      (lowest, m) => (lowest === undefined || m.accuracy < lowest.accuracy ? m : lowest),
      undefined,
    );
}

export function cleanOf({ result }: ReproducedDatasetResult, model: string): CleanMeasurement | undefined {
  return result.measurements.find((m): m is CleanMeasurement => m.kind === "clean" && m.model === model);
}

/** Whether gate 5 found the model no better than a guess: its accuracy under attack then means nothing. */
export function isGuess(dataset: ReproducedDatasetResult, model: string): boolean {
  const clean = cleanOf(dataset, model);
  return dataset.result.warnings.some(
    ({ code, measurements }) =>
      code === "collapsed" && clean !== undefined && measurements.includes(clean.id),
  );
}

/** Every measured ε. */
export function epsilonsOf({ result }: ReproducedDatasetResult): number[] {
  const all = result.measurements.filter(isAttack).map(({ threat }) => threat.epsilon);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** A column of accuracies. */
export interface AccuracyColumn {
  readonly head: string;
  readonly of: (row: ReproducedRow) => Measurement | undefined;
  /** The paper's own number for a recipe. */
  readonly published?: (recipe: string) => number | undefined;
}

/** Columns of Table 1: clean, transfer at the paper's radii, white-box at every measured radius. */
export function tableOneColumns(dataset: ReproducedDatasetResult): readonly AccuracyColumn[] {
  const whiteBox = epsilonsOf(dataset)
    .map((epsilon) => whiteBoxColumn(dataset, epsilon))
    .filter(({ of }) => dataset.rows.some(of));
  return [
    { head: "clean", of: ({ model }) => cleanOf(dataset, model) },
    ...TRANSFER.flatMap((setting) =>
      PAPER_EPSILONS.map((epsilon) => ({
        ...transferColumn(dataset, setting, epsilon),
        published: (recipe: string) => publishedValue("accuracy", dataset.id, recipe, setting, epsilon),
      })),
    ),
    ...whiteBox,
  ];
}

function transferColumn(dataset: ReproducedDatasetResult, setting: Setting, epsilon: number): AccuracyColumn {
  const of = ({ model }: ReproducedRow): Measurement | undefined =>
    transferOf(dataset, model, setting, epsilon);
  return { head: `${setting} ${formatEpsilon(epsilon)}`, of };
}

function whiteBoxColumn(dataset: ReproducedDatasetResult, epsilon: number): AccuracyColumn {
  const of = ({ model }: ReproducedRow): Measurement | undefined => whiteBoxOf(dataset, model, epsilon);
  return { head: `white-box ${formatEpsilon(epsilon)}`, of };
}

/** Table 1: transfer as in the paper, with the paper's numbers, and always the white-box accuracy as well. */
export function tableOne(dataset: ReproducedDatasetResult): Html {
  return accuracyTable(
    dataset,
    `Top-1 accuracy with its 95 % Wilson interval; in italics the paper's own number, if it has one. Gray-box and black-box images were made on undefended models, so they test transfer, not robustness; those marked * were made on this very model. A model marked ${GUESS_MARK} is no better than a guess on clean images, so its accuracy under attack is not robustness. White-box is the lowest accuracy under the attacks on the defended model itself at that ε (PGD; from ε = 0.5 up also the gray image), an upper bound of its robustness.`,
    tableOneColumns(dataset),
  );
}

/** Transfer at the radii common in the field, which the paper does not report. */
export function smallEpsilonTable(dataset: ReproducedDatasetResult): Html {
  const epsilons = epsilonsOf(dataset).filter(
    (epsilon) =>
      !PAPER_EPSILONS.includes(epsilon as 0.25) &&
      dataset.rows.some(({ model }) => transferOf(dataset, model, "gray-box", epsilon)),
  );
  if (epsilons.length === 0) return html``;
  const columns = epsilons.flatMap((epsilon) => [
    ...TRANSFER.map((setting) => transferColumn(dataset, setting, epsilon)),
    whiteBoxColumn(dataset, epsilon),
  ]);
  return accuracyTable(dataset, "The same at small radii: transfer next to white-box.", columns);
}

const MEANS =
  "Below a mean over seeds are the smallest and the largest of them; a mean is marked if any seed is.";

/** A row for each model, and for the mean of each defence with several seeds. */
function accuracyTable(
  dataset: ReproducedDatasetResult,
  caption: string,
  columns: readonly AccuracyColumn[],
): Html {
  const several = severalSeeds(dataset);
  const rows = dataset.rows.map((row) => [
    titleOf(dataset, row),
    ...columns.map(({ of, published }) => cell(of(row), published?.(row.recipe))),
  ]);
  const means = several.map((seeds) => [
    meanTitleOf(dataset, seeds),
    ...columns.map(({ of, published }) => meanCell(seeds.rows.map(of), published?.(seeds.recipe))),
  ]);
  return html`<div class="matrix">
    ${table(
      several.length === 0 ? caption : `${caption} ${MEANS}`,
      ["defence", ...columns.map(({ head }) => head)],
      [...rows, ...means],
    )}
  </div>`;
}

/** Marks a defence whose numbers mean nothing. */
export const GUESS_MARK = "†";

/** The defence, its seed if there are several, and the mark of a guess. */
export function titleOf(dataset: ReproducedDatasetResult, { title, seed, model }: ReproducedRow): string {
  const whole = model.includes("seed") ? `${title}, seed ${seed}` : title;
  return isGuess(dataset, model) ? `${whole} ${GUESS_MARK}` : whole;
}

/** The mean of a defence's seeds, marked if one of them is a guess. */
export function meanTitleOf(dataset: ReproducedDatasetResult, { title, rows }: Seeds): string {
  return rows.some(({ model }) => isGuess(dataset, model)) ? `${title} ${GUESS_MARK}` : title;
}

function cell(measurement: Measurement | undefined, published?: number): Html {
  if (measurement === undefined) return NOT_MEASURED;
  const { accuracy, interval: around } = measurement;
  return accuracyCell(accuracy, isOwn(measurement), published, interval(around));
}

function meanCell(measurements: readonly (Measurement | undefined)[], published?: number): Html {
  const seeds = meanOf(measurements);
  if (seeds === undefined) return NOT_MEASURED;
  const range = `${percent(seeds.least)} – ${percent(seeds.most)}`;
  return accuracyCell(seeds.mean, measurements.some(isOwn), published, range);
}

const NOT_MEASURED = html`<span class="soft">not measured</span>`;

function accuracyCell(accuracy: number, own: boolean, published: number | undefined, around: string): Html {
  const paper = published === undefined ? null : html`<i>${published} %</i>`;
  return html`<b>${percent(accuracy)}${own ? "*" : ""}</b> ${paper}<br /><small>${around}</small>`;
}

/** Whether the transferred images were made on the scored model itself. */
function isOwn(measurement: Measurement | undefined): boolean {
  return measurement?.kind === "transfer" && measurement.source === measurement.model;
}
