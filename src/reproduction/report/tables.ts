import type { AttackMeasurement, CleanMeasurement, Measurement } from "../../evaluation/index.js";
import { formatEpsilon, html, interval, percent, table, type Html } from "../../report/index.js";
import type { Setting } from "../plan.js";
import { publishedValue } from "../published.js";
import type { ReproducedDatasetResult, ReproducedRow } from "../result.js";

/** ε of the paper's tables. */
export const PAPER_EPSILONS = [0.25, 0.5] as const;
const TRANSFER: readonly Setting[] = ["gray-box", "black-box"];

/** Transfer at one ε after the most iterations that were measured. */
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

const isAttack = (m: Measurement): m is AttackMeasurement => m.kind !== "clean";
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

/** Whether gate 5 found the model no better than a guess: what is left of such an accuracy under attack says nothing. */
function isGuess(dataset: ReproducedDatasetResult, model: string): boolean {
  const clean = cleanOf(dataset, model);
  return dataset.result.warnings.some(
    ({ code, measurements }) =>
      code === "collapsed" && clean !== undefined && measurements.includes(clean.id),
  );
}

/** Every ε that something was measured at. */
export function epsilonsOf({ result }: ReproducedDatasetResult): number[] {
  const all = result.measurements.filter(isAttack).map(({ threat }) => threat.epsilon);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Table 1: transfer as in the paper, the paper's number beside ours, and the white-box accuracy always with it. */
export function tableOne(dataset: ReproducedDatasetResult): Html {
  const whiteEpsilons = epsilonsOf(dataset).filter((epsilon) =>
    dataset.rows.some(({ model }) => whiteBoxOf(dataset, model, epsilon)),
  );
  const heads = [
    "defence",
    "clean",
    ...TRANSFER.flatMap((setting) => PAPER_EPSILONS.map((epsilon) => `${setting} ${epsilon}`)),
    ...whiteEpsilons.map((epsilon) => `white-box ${formatEpsilon(epsilon)}`),
  ];
  const rows = dataset.rows.map((row) => [
    titleOf(dataset, row),
    cell(cleanOf(dataset, row.model)),
    ...TRANSFER.flatMap((setting) =>
      PAPER_EPSILONS.map((epsilon) =>
        cell(
          transferOf(dataset, row.model, setting, epsilon),
          publishedValue("accuracy", dataset.id, row.recipe, setting, epsilon),
        ),
      ),
    ),
    ...whiteEpsilons.map((epsilon) => cell(whiteBoxOf(dataset, row.model, epsilon))),
  ]);
  return html`<div class="matrix">
    ${table(
      `Top-1 accuracy with its 95 % Wilson interval; in italics the paper's own number, where it has one. Gray-box and black-box images were made on undefended models: they test transfer, not robustness; those marked * were made on this very model. A row marked ${GUESS_MARK} answers clean images no better than a guess: what is left of it under attack is not robustness. White-box is the lowest accuracy under the attacks on the defended model itself at that ε (PGD; from ε = 0.5 the gray image too), an upper bound of its robustness.`,
      heads,
      rows,
    )}
  </div>`;
}

/** Transfer at the radii that the field uses, which the paper does not report. */
export function smallEpsilonTable(dataset: ReproducedDatasetResult): Html {
  const epsilons = epsilonsOf(dataset).filter(
    (epsilon) =>
      !PAPER_EPSILONS.includes(epsilon as 0.25) &&
      dataset.rows.some(({ model }) => transferOf(dataset, model, "gray-box", epsilon)),
  );
  if (epsilons.length === 0) return html``;
  return html`<div class="matrix">
    ${table(
      "The same at small radii: transfer beside white-box.",
      [
        "defence",
        ...epsilons.flatMap((e) => [...TRANSFER, "white-box"].map((s) => `${s} ${formatEpsilon(e)}`)),
      ],
      dataset.rows.map((row) => [
        titleOf(dataset, row),
        ...epsilons.flatMap((epsilon) => [
          ...TRANSFER.map((setting) => cell(transferOf(dataset, row.model, setting, epsilon))),
          cell(whiteBoxOf(dataset, row.model, epsilon)),
        ]),
      ]),
    )}
  </div>`;
}

/** Follows the name of a defence whose numbers say nothing. */
export const GUESS_MARK = "†";

/** The defence, its seed where there are several, and the mark of a guess. */
export function titleOf(dataset: ReproducedDatasetResult, { title, seed, model }: ReproducedRow): string {
  const whole = model.includes("seed") ? `${title}, seed ${seed}` : title;
  return isGuess(dataset, model) ? `${whole} ${GUESS_MARK}` : whole;
}

function cell(measurement: Measurement | undefined, published?: number): Html {
  if (measurement === undefined) return html`<span class="soft">not measured</span>`;
  const paper = published === undefined ? null : html`<i>${published} %</i>`;
  const own = measurement.kind === "transfer" && measurement.source === measurement.model ? "*" : "";
  return html`<b>${percent(measurement.accuracy)}${own}</b> ${paper}<br /><small
      >${interval(measurement.interval)}</small
    >`;
}
