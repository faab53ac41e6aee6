import { CARDS } from "../attacks/cards/index.js";
import { boundedInterval } from "./intervals.js";
import { nearestWithin } from "./nearest-within.js";
import type {
  AttackMeasurement,
  Interval,
  Measurement,
  ModelInfo,
  Result,
  ThreatInfo,
} from "./result/index.js";

/** What curves and gates are made from. */
export interface Measured extends Pick<Result, "dataset" | "measurements" | "limits"> {
  readonly models?: readonly (Pick<ModelInfo, "name" | "guess" | "unread"> & {
    readonly recipe?: ModelInfo["recipe"];
  })[];
  readonly checks?: Result["checks"];
  readonly headline?: ThreatInfo | null;
}

/** A measurement, placed on a curve. */
export interface CurvePoint {
  /** ε in pixel units, or the number of steps. */
  readonly x: number;
  readonly measurement: Measurement;
}

/** Accuracy of one model as one setting changes and the others stay. Points rise in x. */
export interface Curve {
  readonly model: string;
  readonly kind: AttackMeasurement["kind"];
  readonly source: string | null;
  readonly attack: string;
  readonly norm: ThreatInfo["norm"];
  /** Steps of every point if the curve is over ε; otherwise null. */
  readonly steps: number | null;
  /** ε of every point if the curve is over steps; otherwise null. */
  readonly epsilon: number | null;
  readonly points: readonly CurvePoint[];
}

/**
 * Curves over ε with at least two measured ε. They begin with clean accuracy at ε = 0 if it is known. The gray
 * image has no curve: it is the same point for every ball that holds it, and no line leads to it from ε = 0.
 */
export function accuracyAgainstEpsilon({ measurements }: Measured): Curve[] {
  const curves = group(
    attacksOf(measurements).filter((m) => m.attack !== CARDS["gray-image"].name),
    "epsilon",
  );
  return curves.map((curve) => {
    const clean = measurements.find((m) => m.kind === "clean" && m.model === curve.model);
    if (clean === undefined || curve.points[0]!.x <= 0) return curve;
    return { ...curve, points: [{ x: 0, measurement: clean }, ...curve.points] };
  });
}

/** Curves over the number of steps with at least two step counts. */
export function accuracyAgainstSteps({ measurements }: Measured): Curve[] {
  return group(
    attacksOf(measurements).filter((m) => m.parameters.steps !== null),
    "steps",
  );
}

/** The attacks at an ε; the search for the nearest images has none. */
export function attacksOf(measurements: readonly Measurement[]): AttackMeasurement[] {
  return measurements.filter((m) => m.kind === "white-box" || m.kind === "transfer");
}

/**
 * The step size need not be equal, because it is usually chosen from ε and the number of
 * steps. If that gives two measurements at one x, the lower accuracy counts.
 */
function group(measurements: readonly AttackMeasurement[], over: "epsilon" | "steps"): Curve[] {
  const groups = new Map<string, AttackMeasurement[]>();
  for (const m of measurements) {
    // An attack that was cut off has only a bound, which is not a point on its curve.
    if (m.unfinished !== undefined) continue;
    const { steps, stepSize: _, ...rest } = m.parameters;
    const fixed = over === "epsilon" ? steps : m.threat.epsilon;
    const key = JSON.stringify([m.model, m.kind, sourceOf(m), m.attack, m.threat.norm, fixed, sorted(rest)]);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [m]);
    else members.push(m);
  }
  return [...groups.values()].map((members) => curveOf(members, over)).filter((c) => c.points.length > 1);
}

function curveOf(members: readonly AttackMeasurement[], over: "epsilon" | "steps"): Curve {
  const lowest = new Map<number, AttackMeasurement>();
  for (const m of members) {
    const x = over === "epsilon" ? m.threat.epsilon : m.parameters.steps!;
    const held = lowest.get(x);
    if (held === undefined || m.accuracy < held.accuracy) lowest.set(x, m);
  }
  const points = [...lowest].map(([x, measurement]) => ({ x, measurement })).sort((a, b) => a.x - b.x);
  const first = members[0]!;
  return {
    model: first.model,
    kind: first.kind,
    source: sourceOf(first),
    attack: first.attack,
    norm: first.threat.norm,
    steps: over === "epsilon" ? first.parameters.steps : null,
    epsilon: over === "steps" ? first.threat.epsilon : null,
    points,
  };
}

function sourceOf(m: AttackMeasurement): string | null {
  return m.kind === "transfer" ? m.source : null;
}

function sorted(settings: object): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Every threat under which the model, or any model, was attacked, except by targeted attacks: by norm, then by ε. */
export function threatsOf({ measurements }: Pick<Measured, "measurements">, model?: string): ThreatInfo[] {
  const threats = new Map<string, ThreatInfo>();
  for (const m of attacksOf(measurements)) {
    if ((model === undefined || m.model === model) && !m.parameters.targeted)
      threats.set(`${m.threat.norm} ${m.threat.epsilon}`, m.threat);
  }
  return [...threats.values()].sort((a, b) =>
    a.norm === b.norm ? a.epsilon - b.epsilon : a.norm < b.norm ? -1 : 1,
  );
}

/** Robust accuracy against several attacks together. */
export interface WorstCase {
  readonly n: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly interval: Interval;
  /** Images that count as correct but are unfinished, if there are any. */
  readonly unfinished?: number | undefined;
  /** Ids of the measurements it rests on. */
  readonly measurements: readonly string[];
}

/**
 * The per-sample minimum over every attack of one model under one threat: an image counts as
 * correct only if no attack (white-box or transferred) and no check changed its prediction, and no search for the
 * nearest images found one within ε. If a measurement has no per-image results or is about other images, the lowest
 * single accuracy is returned. Undefined if nothing was measured under that threat.
 *
 * @example
 * ```ts
 * import { readResult, worstCase } from "holdfast";
 *
 * const result = await readResult("result.json");
 * for (const { name } of result.models) {
 *   console.log(name, worstCase(result, name, { norm: "linf", epsilon: 4 / 255 })?.accuracy);
 * }
 * ```
 */
export function worstCase(measured: Measured, model: string, threat: ThreatInfo): WorstCase | undefined {
  const atOnce = attacksOf(measured.measurements).filter(
    (m) =>
      m.model === model &&
      m.threat.norm === threat.norm &&
      m.threat.epsilon === threat.epsilon &&
      !m.parameters.targeted,
  );
  const attacks = [...atOnce, ...nearestWithin(measured.measurements, model, threat)];
  const lowest = attacks.reduce<AttackMeasurement | undefined>(
    (least, m) => (least === undefined || m.accuracy < least.accuracy ? m : least),
    undefined,
  );
  if (lowest === undefined) return undefined;
  const columns = attacks.map((m) => m.perImage);
  const index = columns[0]?.index;
  const comparable =
    index !== undefined && columns.every((c) => c !== undefined && c.index.join() === index.join());
  if (!comparable) return summary(lowest.correct, lowest.n, lowest.unfinished ?? 0, [lowest.id]);
  const found = foundByChecks(measured, attacks);
  let [correct, unfinished] = [0, 0];
  for (let i = 0; i < index.length; i++) {
    if (found.has(index[i]!)) continue;
    if (!columns.every((c) => c!.adversarialPrediction[i] === c!.label[i])) continue;
    correct++;
    if (columns.some((c) => c!.unfinished?.[i] === 1)) unfinished++;
  }
  return summary(
    correct,
    index.length,
    unfinished,
    attacks.map((m) => m.id),
  );
}

/** Images that the checks of these measurements also broke, by their place in the dataset. */
export function foundByChecks(
  { checks = [] }: Pick<Measured, "checks">,
  attacks: readonly AttackMeasurement[],
): ReadonlySet<number> {
  const own = checks.filter(({ measurement }) => attacks.some(({ id }) => id === measurement));
  return new Set(own.flatMap(({ further = [] }) => further.flatMap(({ found }) => found.index)));
}

function summary(correct: number, n: number, unfinished: number, measurements: readonly string[]): WorstCase {
  return {
    n,
    correct,
    accuracy: correct / n,
    interval: boundedInterval(correct, n, unfinished),
    ...(unfinished === 0 ? {} : { unfinished }),
    measurements,
  };
}
