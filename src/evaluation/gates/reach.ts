/** Whether an attack was given enough: radius, steps, and more of them. */
import { CARDS } from "../../attacks/cards/index.js";
import {
  accuracyAgainstEpsilon,
  accuracyAgainstSteps,
  attacksOf,
  type Curve,
  type CurvePoint,
} from "../curves.js";
import type { AttackMeasurement, ResultWarning } from "../result/index.js";
import { warn } from "../warn.js";
import { describe, nameOf, number, percent } from "../words.js";
import type { Gate } from "./gate.js";

/**
 * Gate 1: steps × step size < ε. From a clean start the attack never sees the edge of its ball;
 * from a random one it sees less than half of the ball. Not raised if another attack on the
 * same model under the same threat does reach it: then the short one is a point on a curve.
 */
export const reachGate: Gate = ({ measurements }) => {
  const attacks = attacksOf(measurements);
  return attacks.flatMap((m) => {
    if (reaches(m) || attacks.some((other) => comparable(m, other) && searches(other) && reaches(other))) {
      return [];
    }
    const { steps, stepSize } = m.parameters as { steps: number; stepSize: number };
    const reach = steps * stepSize;
    const { epsilon } = m.threat;
    const needed =
      stepSize > 0
        ? ` At this step size, reaching ε takes at least ${Math.ceil(epsilon / stepSize - 1e-9)} steps.`
        : "";
    const message =
      `${describe(m)} takes ${steps} steps of ${number(stepSize)}: it reaches ${number(reach)}, ` +
      `short of ε = ${number(epsilon)}.${needed}`;
    return [warn("short-reach", "warning", message, [m])];
  });
};

/** The gray image lies somewhere in its ball, and says nothing about how far another attack went. */
function searches({ attack }: AttackMeasurement): boolean {
  return attack !== CARDS["gray-image"].name;
}

/** Attacks that choose their own steps, and suites of them, reach the edge. */
function reaches({ parameters: { steps, stepSize }, threat }: AttackMeasurement): boolean {
  return steps === null || stepSize === null || steps * stepSize >= threat.epsilon * (1 - 1e-6);
}

/** Whether two measurements are of the same model under the same threat, from the same source. */
function comparable(a: AttackMeasurement, b: AttackMeasurement): boolean {
  const source = (m: AttackMeasurement): string => (m.kind === "transfer" ? m.source : "");
  return (
    a.model === b.model &&
    source(a) === source(b) &&
    a.threat.norm === b.threat.norm &&
    a.threat.epsilon === b.threat.epsilon
  );
}

/**
 * Gate 4: more ε or more steps cannot help the model. A point above the upper limit of an earlier,
 * weaker point's interval means that the stronger attack did worse.
 */
export const monotoneGate: Gate = (measured) => [
  ...accuracyAgainstEpsilon(measured).flatMap((curve) => rises(curve, "ε")),
  ...accuracyAgainstSteps(measured).flatMap((curve) => rises(curve, "steps")),
];

function rises(curve: Curve, variable: string): ResultWarning[] {
  let lowest: CurvePoint | undefined;
  for (const point of curve.points) {
    const { measurement } = point;
    if (lowest !== undefined && measurement.accuracy > lowest.measurement.interval.high) {
      const message =
        `${curve.model}, ${nameOf(curve.attack)}: ${percent(lowest.measurement.accuracy)} at ${variable} = ` +
        `${number(lowest.x)} but ${percent(measurement.accuracy)} at ${number(point.x)}, beyond the ` +
        `confidence interval. More attack broke fewer images, so the attack is not a fair measure.`;
      return [warn("not-monotone", "warning", message, [lowest.measurement, measurement])];
    }
    // Do not compare others with a point where a budget had time for more attacks.
    if (measurement.kind !== "clean" && measurement.further !== undefined) continue;
    if (lowest === undefined || measurement.accuracy < lowest.measurement.accuracy) lowest = point;
  }
  return [];
}

/** Gate 7: twice the steps (or more) gain more than the interval allows for. */
export const convergenceGate: Gate = (measured) =>
  accuracyAgainstSteps(measured).flatMap((curve) => {
    if (curve.kind !== "white-box") return [];
    const last = curve.points.at(-1)!;
    // Too few steps to reach the edge of the ball say nothing about convergence.
    const half = curve.points
      .filter(({ x, measurement }) => x * 2 <= last.x && reaches(measurement as AttackMeasurement))
      .at(-1);
    if (half === undefined || last.measurement.accuracy >= half.measurement.interval.low) return [];
    const message =
      `${curve.model}, ${nameOf(curve.attack)}: ${percent(half.measurement.accuracy)} after ${half.x} steps, ` +
      `${percent(last.measurement.accuracy)} after ${last.x}. Numbers at fewer steps are too high; ` +
      `measure more steps until they stop falling.`;
    return [warn("not-converged", "warning", message, [half.measurement, last.measurement])];
  });
