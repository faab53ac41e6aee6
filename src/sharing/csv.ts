import {
  attackLabel,
  threatsOf,
  worstCase,
  type CorruptedMeasurement,
  type Measurement,
  type Result,
  type Score,
  type SuiteStageResult,
} from "../evaluation/results.js";
import type { History } from "./history.js";
import { plainText } from "./text.js";

type Cell = string | number | null | undefined;

/** Characters that a spreadsheet reads as the start of a formula; it reads the wide forms like the narrow ones. */
const FORMULA = /^\s*[=+\-@＝＋－＠]/;

/**
 * A table as CSV (RFC 4180, with LF line endings). A text that a spreadsheet would compute gets an apostrophe in front, which
 * spreadsheets do not show; numbers stay numbers.
 */
export function csvOf(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [heads, ...rows].map((row) => `${row.map(cellOf).join(",")}\n`).join("");
}

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = plainText(cell);
  const told = FORMULA.test(text) ? `'${text}` : text;
  return /[",'\s]/.test(told) ? `"${told.replaceAll('"', '""')}"` : told;
}

/** A training or an evaluation as CSV: one row per point, one column per metric. */
export function historyCsv({ points }: History): string {
  const metrics = [...new Set(points.flatMap(({ values }) => Object.keys(values)))];
  return csvOf(
    ["step", "seconds", ...metrics],
    points.map(({ step, seconds, values }) => [step, seconds, ...metrics.map((metric) => values[metric])]),
  );
}

const RESULT_HEADS = [
  "model",
  "kind",
  "attack",
  "made_on",
  "norm",
  "epsilon",
  "corruption",
  "severity",
  "images",
  "right",
  "accuracy",
  "low",
  "high",
  "confidence",
  "unfinished",
  "forward",
  "gradient",
  "seconds",
  "seed",
  "warnings",
];

/**
 * A result as CSV: one row per measurement. Rows of kind `worst-case` combine all attacks under one threat; rows of kind
 * `corruption` are for damaged images that nobody attacked.
 */
export function resultCsv(result: Result): string {
  const measured = result.measurements.map((m) => measurementRow(result, m));
  const worst = result.models.flatMap(({ name }) =>
    threatsOf(result, name).map((threat) => {
      const found = worstCase(result, name, threat)!;
      const about: readonly Cell[] = [name, "worst-case", "", "", threat.norm, threat.epsilon, "", ""];
      return [
        ...about,
        ...scoreCells(found),
        found.unfinished,
        null,
        null,
        null,
        result.seed,
        warningsOf(result, found.measurements),
      ];
    }),
  );
  const corrupted = result.corruptions?.measurements.map((m) => corruptionRow(result, m)) ?? [];
  return csvOf(RESULT_HEADS, [...measured, ...worst, ...corrupted]);
}

/** A warning that calls a model's clean accuracy false also applies to its accuracy on damaged images. */
function corruptionRow(result: Result, m: CorruptedMeasurement): Cell[] {
  const about: readonly Cell[] = [m.model, "corruption", "", "", "", "", m.corruption, m.severity];
  const clean = result.measurements.filter(({ kind, model }) => kind === "clean" && model === m.model);
  const ids = [m.id, ...clean.map(({ id }) => id)];
  return [...about, ...scoreCells(m), null, null, null, m.seconds, m.seed, warningsOf(result, ids)];
}

function measurementRow(result: Result, m: Measurement): Cell[] {
  const attack =
    m.kind === "clean"
      ? ["", "", "", ""]
      : [attackLabel(m), m.kind === "transfer" ? m.source : "", m.threat.norm, m.threat.epsilon];
  const queries: Pick<SuiteStageResult["queries"], "forward" | "gradient"> | undefined =
    m.kind === "clean" ? undefined : m.queries;
  return [
    m.model,
    m.kind,
    ...attack,
    "",
    "",
    ...scoreCells(m),
    m.kind === "clean" ? null : m.unfinished,
    queries?.forward,
    queries?.gradient,
    m.seconds,
    m.seed,
    warningsOf(result, [m.id]),
  ];
}

function scoreCells({
  n,
  correct,
  accuracy,
  interval,
}: Pick<Score, "n" | "correct" | "accuracy" | "interval">): number[] {
  return [n, correct, accuracy, interval.low, interval.high, interval.confidence];
}

/** `serious:zero-gradient warning:short-reach` */
function warningsOf({ warnings }: Result, ids: readonly string[]): string {
  const about = warnings.filter((w) => w.measurements.some((id) => ids.includes(id)));
  return [...new Set(about.map(({ severity, code }) => `${severity}:${code}`))].join(" ");
}
