import {
  falsifiedBy,
  summariseCorruptions,
  warningTitles,
  worstCase,
  type Interval,
  type Result,
} from "../../evaluation/results.js";
import { compareModels, type Side } from "../compare/compare.js";
import type { AssertionRule, CheckConfig } from "./config-schema.js";
import { threatOf, type ReadConfig } from "./read-config.js";
import type { AssertionVerdict, Outcome } from "./verdict.js";

/** The results of one model, one per norm; each contains only this model. */
export interface ModelResults {
  /** Its name in the configuration. */
  readonly model: string;
  readonly results: readonly Result[];
}

/** Judges every assertion about one model. */
export function judgeModel(measured: ModelResults, { config, lineOf }: ReadConfig): AssertionVerdict[] {
  return Object.entries(config.assert).flatMap(([metric, rule]) =>
    boundsOf(rule).map(([bound, limit]) => ({
      model: measured.model,
      metric,
      rule: `${bound} ${limit}`,
      level: rule.level,
      ...judge(valueOf(metric, measured), bound, limit),
      line: lineOf(["assert", metric, bound]),
    })),
  );
}

type Bound = "min" | "minLow" | "max";

function boundsOf(rule: AssertionRule): (readonly [Bound, number])[] {
  return (["min", "minLow", "max"] as const).flatMap((bound) => {
    const limit = rule[bound];
    return limit === undefined ? [] : [[bound, limit] as const];
  });
}

/** A number between `least` and `most`; for an accuracy, also its interval. */
interface Value {
  readonly least: number;
  readonly most: number;
  readonly interval?: Interval;
  /** Why the number is false, if a serious warning says so. */
  readonly falsified?: string | undefined;
}

function valueOf(metric: string, { results }: ModelResults): Value | undefined {
  const severity = /^warnings\.(\w+)$/.exec(metric)?.[1];
  if (severity !== undefined) {
    const count = results.reduce(
      (sum, { warnings }) => sum + warnings.filter((warning) => warning.severity === severity).length,
      0,
    );
    return { least: count, most: count };
  }
  if (metric === "corrupted") {
    const found = results.flatMap((result) => summariseCorruptions(result)).at(0);
    return (
      found && {
        least: found.accuracy,
        most: found.accuracy,
        ...(found.interval && { interval: found.interval }),
      }
    );
  }
  const threat = threatOf(metric);
  if (threat === undefined) {
    const clean = results[0]?.measurements.find(({ kind }) => kind === "clean");
    if (clean === undefined) return undefined;
    const { accuracy, interval, id } = clean;
    return { least: accuracy, most: accuracy, interval, falsified: falsified(results[0]!, [id]) };
  }
  for (const result of results) {
    const worst = worstCase(result, result.models[0]!.name, threat);
    if (worst === undefined) continue;
    const { correct, unfinished = 0, n, accuracy, interval } = worst;
    const least = (correct - unfinished) / n;
    return { least, most: accuracy, interval, falsified: falsified(result, worst.measurements) };
  }
  return undefined;
}

function falsified(result: Result, measurements: readonly string[]): string | undefined {
  const warning = falsifiedBy(result, measurements);
  return warning && warningTitles[warning.code];
}

/** A number that a serious warning calls false meets no lower bound. */
function judge(
  value: Value | undefined,
  bound: Bound,
  limit: number,
): { readonly outcome: Outcome; readonly found: string } {
  if (value === undefined) return { outcome: "undecided", found: "not measured" };
  const { least, most, interval, falsified: reason } = value;
  const found = interval === undefined ? String(most) : describeAccuracy(value, interval);
  if (reason !== undefined && bound !== "max")
    return { outcome: "failed", found: `${found}, but a serious warning calls it false: ${reason}` };
  if (bound === "max") return { outcome: most <= limit ? "passed" : "failed", found };
  if (bound === "minLow") {
    const low = interval?.low ?? least;
    // In the lower end, unfinished images count as broken: with more time it can only rise.
    const outcome = low >= limit ? "passed" : least < most ? "undecided" : "failed";
    return { outcome, found };
  }
  return { outcome: least >= limit ? "passed" : most < limit ? "failed" : "undecided", found };
}

const percent = (share: number): string => (100 * share).toFixed(1);

function describeAccuracy({ least, most }: Value, { low, high }: Interval): string {
  const bound = least < most ? "at most " : "";
  return `${bound}${percent(most)} % (${percent(low)}–${percent(high)} %)`;
}

/**
 * Whether a model is worse than its baseline, image by image: clean or under any attack, it is right on fewer images and
 * McNemar's exact p is below α.
 *
 * @throws InputError if the two do not share images and attacks.
 */
export function judgeBaseline(
  current: Side,
  baseline: Side,
  { alpha, level }: NonNullable<CheckConfig["baseline"]>,
  line: number,
): AssertionVerdict[] {
  const { measurements } = compareModels(baseline, current, { tool: current.result.tool, date: "" });
  return measurements.map(({ attack, threat, difference, pValue, counts }) => {
    const isWorse = difference.difference < 0 && pValue < alpha;
    const points = (share: number): string => (100 * share).toFixed(1).replace("-", "−");
    return {
      model: current.model,
      metric: threat === null ? "baseline/clean" : `baseline/${attack}@${threat.norm}:${threat.epsilon}`,
      rule: `not worse, p < ${alpha}`,
      level,
      outcome: isWorse ? "failed" : "passed",
      found:
        `${points(difference.difference)} points (${points(difference.low)} to ${points(difference.high)}), ` +
        `p ${pValue.toPrecision(2)}, ${counts.firstOnly} lost, ${counts.secondOnly} gained`,
      line,
    };
  });
}
