import {
  attackLabel,
  differenceInterval,
  worstCase,
  type Measurement,
  type ModelInfo,
  type Result,
  type ThreatInfo,
} from "../evaluation/index.js";
import * as format from "./format.js";

/** What each model keeps under the headline's threat, and how the best compares with the worst. */
export function sentencesOf(result: Result): string[] {
  const { headline } = result;
  if (headline === null) return [];
  const sentences = result.models.map((model) => sentenceOf(result, model, headline));
  return [...sentences, comparison(result)].filter((each) => each !== undefined);
}

function cleanOf(result: Result, model: string): { accuracy: number } | undefined {
  return result.measurements.find((m) => m.kind === "clean" && m.model === model);
}

function sentenceOf(result: Result, { name }: ModelInfo, headline: ThreatInfo): string | undefined {
  const clean = cleanOf(result, name);
  const robust = worstCase(result, name, headline);
  if (clean === undefined || robust === undefined) return undefined;
  const attacks = result.measurements.filter(({ id }) => robust.measurements.includes(id));
  const checks =
    result.checks?.filter(({ measurement }) => attacks.some(({ id }) => id === measurement)) ?? [];
  const isLess = checks.some(({ further = [] }) => further.some(({ broken }) => broken > 0));
  return (
    `${name} is right on ${format.percent(clean.accuracy)} of the clean images and on ` +
    `${robust.unfinished === undefined ? "" : "at most "}${format.percent(robust.accuracy)} (95 % interval ${format.interval(robust.interval)}) when each may be ` +
    `changed under ${format.threat(headline)} (${namesOf(attacks)}${isLess ? ", and the checks" : ""}).`
  );
}

/** `PGD-40, gray image, and by transfer from a, b`: every attack that the number rests on. */
function namesOf(attacks: readonly Measurement[]): string {
  const own = attacks.flatMap((m) =>
    m.kind === "white-box" || m.kind === "nearest" ? [attackLabel(m)] : [],
  );
  const sources = attacks.flatMap((m) => (m.kind === "transfer" ? [m.source] : []));
  const transfer = sources.length === 0 ? [] : [`by transfer from ${[...new Set(sources)].join(", ")}`];
  return [[...new Set(own)].join(", "), ...transfer].filter((part) => part !== "").join(", and ");
}

/** The two ends of the table compared, when their intervals allow it. */
function comparison(result: Result): string | undefined {
  const { headline } = result;
  if (headline === null || result.models.length < 2) return undefined;
  const ranked = result.models
    .map(({ name }) => ({ name, robust: worstCase(result, name, headline) }))
    .filter((each) => each.robust !== undefined)
    .sort((a, b) => b.robust!.accuracy - a.robust!.accuracy);
  const [best, worst] = [ranked[0], ranked.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return undefined;
  // Where attacks were cut off there are bounds alone.
  if (ranked.some(({ robust }) => robust!.unfinished !== undefined)) return undefined;
  const { low, high } = differenceInterval(best.robust!, worst.robust!);
  const points = `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} points`;
  return low > 0
    ? `${best.name} holds better than ${worst.name} by ${points} (95 % interval).`
    : `The difference between ${best.name} and ${worst.name} is within chance (${points}).`;
}
