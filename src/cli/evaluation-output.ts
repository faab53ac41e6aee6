/** The output of evaluate and merge: files, text and exit code. */
import type { Command } from "commander";
import { normLabel } from "../attacks/cards/index.js";
import type { CorruptionSummary, Interval, Result, ThreatInfo } from "../evaluation/index.js";
import { formatPercent, formatTable, type Terminal } from "./terminal.js";
import { share } from "./values.js";

export interface OutputOptions {
  readonly report?: string;
  readonly failBelow?: number;
}

export function outputOptions(command: Command): Command {
  return command
    .option("--report <file>", "also write the HTML report")
    .option("--fail-below <share>", "exit with code 1 if a model's accuracy under attack is lower", share);
}

/** Writes the result and the report, prints the result, and sets the exit code. */
export async function finishEvaluation(
  result: Result,
  { out, report, failBelow }: OutputOptions & { readonly out: string },
  terminal: Terminal,
): Promise<void> {
  const { writeResult } = await import("../evaluation/results.js");
  await writeResult(out, result);
  terminal.note(`result: ${out}`);
  if (report !== undefined) {
    const { renderReport } = await import("../report/index.js");
    const { writeFileAtomic } = await import("../files/index.js");
    await writeFileAtomic(report, await renderReport(result));
    terminal.note(`report: ${report}`);
  }
  terminal.result(await describeResult(result), result);
  const missed = failBelow === undefined ? undefined : await missedBy(result, failBelow);
  if (missed === undefined) return;
  terminal.warn(missed);
  process.exitCode = 1;
}

/** Why a result does not pass; undefined if it does. */
async function missedBy(result: Result, threshold: number): Promise<string | undefined> {
  const { judgeThreshold } = await import("../evaluation/results.js");
  const { outcome, worst, model } = judgeThreshold(result, threshold);
  if (outcome === "below") return `accuracy under attack is below ${formatPercent(threshold)}`;
  if (outcome === "undecided") {
    if (worst === undefined)
      return `${model} was not attacked at the headline, so --fail-below has not passed`;
    const { correct, unfinished = 0, n, accuracy } = worst;
    return (
      `it is uncertain whether accuracy under attack is below ${formatPercent(threshold)}: it lies between ` +
      `${formatPercent((correct - unfinished) / n)} and ${formatPercent(accuracy)}, so --fail-below has not passed`
    );
  }
  const isFalse = result.warnings.some(({ severity }) => severity === "serious");
  return isFalse
    ? "a serious warning says that the accuracy is false, so --fail-below has not passed"
    : undefined;
}

/** The table, what each attack of a suite broke, and the warnings, formatted for the terminal. */
export async function describeResult(result: Result): Promise<string> {
  const { accuracyOf, attackLabel, describeStages, summariseCorruptions, threatsOf, worstCase } =
    await import("../evaluation/results.js");
  const measured = result.measurements.filter((m) => m.kind !== "nearest");
  const within = ({ low, high }: Interval): string =>
    `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)} %`;
  const rowOf = (m: (typeof measured)[number]): string[] => [
    m.model,
    m.kind === "clean" ? "clean" : `${attackLabel(m)}${m.kind === "transfer" ? ` from ${m.source}` : ""}`,
    m.kind === "clean" ? "" : describeThreat(m.threat),
    m.kind === "clean" ? formatPercent(m.accuracy) : accuracyOf(m),
    within(m.interval),
  ];
  /** The worst case, unless one of the attacks broke as much. */
  const worstRow = (model: string, threat: ThreatInfo): string[][] => {
    const worst = worstCase(result, model, threat)!;
    const attacks = measured.filter(({ id }) => worst.measurements.includes(id));
    if (attacks.some(({ correct }) => correct === worst.correct)) return [];
    return [[model, "worst case", describeThreat(threat), accuracyOf(worst), within(worst.interval)]];
  };
  const rows = [...new Set(measured.map(({ model }) => model))].flatMap((name) => [
    ...measured.filter(({ model }) => model === name).map(rowOf),
    ...threatsOf(result, name).flatMap((threat) => worstRow(name, threat)),
  ]);
  const suites = measured.flatMap((m) => (m.kind === "clean" ? [] : (describeStages(m) ?? [])));
  const warnings = result.warnings
    .filter(({ severity }) => severity !== "info")
    .map(({ severity, message }) => `${severity}: ${message}`);
  return [
    formatTable([["model", "attack", "threat", "accuracy", "95 % interval"], ...rows]),
    ...suites,
    ...summariseCorruptions(result).flatMap((each) => ["", ...describeCorruptions(each), ""]),
    ...warnings,
    ...result.statements,
  ].join("\n");
}

/** A line for each kind, a column for each severity. */
function describeCorruptions(summary: CorruptionSummary): string[] {
  const { model, kinds, severities, of, mean, accuracy, interval, mce } = summary;
  const share = (value: number | undefined): string => (value === undefined ? "" : (100 * value).toFixed(1));
  const rows = kinds.map((kind) => [
    kind,
    ...severities.map((severity) => share(of(kind, severity)?.accuracy)),
    share(mean(kind)),
  ]);
  const within =
    interval === undefined ? "" : ` (95 % interval ${share(interval.low)}–${share(interval.high)} %)`;
  return [
    formatTable([["accuracy in % at severity", ...severities.map(String), "mean"], ...rows]),
    `${model} under corruptions: mean accuracy ${formatPercent(accuracy)}${within}` +
      (mce === undefined ? "" : `, mCE ${mce.toFixed(1)} %`),
  ];
}

function describeThreat({ norm, epsilon }: ThreatInfo): string {
  return `${normLabel(norm)} ${Number(epsilon.toPrecision(4))}`;
}
