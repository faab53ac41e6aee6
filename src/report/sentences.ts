import {
  attackLabel,
  differenceInterval,
  falsifiedBy,
  worstCase,
  type ModelInfo,
  type Result,
  type ThreatInfo,
} from "../evaluation/results.js";
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
  return (
    `${name} is right on ${format.percent(clean.accuracy)} of the clean images, and on ` +
    `${robust.unfinished === undefined ? "" : "at most "}${format.percent(robust.accuracy)} (95 % interval ${format.interval(robust.interval)}) when each may be ` +
    `changed under ${format.threat(headline)} (${attacksTold(result, robust)}).`
  );
}

/** `PGD-40, gray image, and by transfer from a, b, and the checks`: every attack behind the number. */
export function attacksTold(
  { measurements, checks = [] }: Result,
  robust: { readonly measurements: readonly string[] },
): string {
  const attacks = measurements.filter(({ id }) => robust.measurements.includes(id));
  const own = attacks.flatMap((m) =>
    m.kind === "white-box" || m.kind === "nearest" ? [attackLabel(m)] : [],
  );
  const sources = attacks.flatMap((m) => (m.kind === "transfer" ? [m.source] : []));
  const transfer = sources.length === 0 ? [] : [`by transfer from ${[...new Set(sources)].join(", ")}`];
  const isLess = checks.some(
    ({ measurement, further = [] }) =>
      attacks.some(({ id }) => id === measurement) && further.some(({ broken }) => broken > 0),
  );
  const parts = [[...new Set(own)].join(", "), ...transfer, ...(isLess ? ["the checks"] : [])];
  return parts.filter((part) => part !== "").join(", and ");
}

/** Compares the best and the worst model, if their intervals allow it. */
function comparison(result: Result): string | undefined {
  const { headline } = result;
  if (headline === null || result.models.length < 2) return undefined;
  const ranked = result.models
    .map(({ name }) => ({ name, robust: worstCase(result, name, headline) }))
    .filter((each) => each.robust !== undefined)
    .sort((a, b) => b.robust!.accuracy - a.robust!.accuracy);
  const [best, worst] = [ranked[0], ranked.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return undefined;
  // Attacks that were cut off give only bounds, and a false number has no rank.
  const isOpen = ranked.some(
    ({ robust }) =>
      robust!.unfinished !== undefined || falsifiedBy(result, robust!.measurements) !== undefined,
  );
  if (isOpen) return undefined;
  const { low, high } = differenceInterval(best.robust!, worst.robust!);
  const points = `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} points`;
  return low > 0
    ? `${best.name} holds up better than ${worst.name} by ${points} (95 % interval).`
    : `The difference between ${best.name} and ${worst.name} is within chance (${points}).`;
}
