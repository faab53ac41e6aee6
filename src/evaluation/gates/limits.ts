/** The gates on evaluations that ended early: by a budget or by a threshold. */
import { attacksOf, type Measured } from "../curves.js";
import type { AttackMeasurement, NearestMeasurement, ResultWarning } from "../result/index.js";
import { judgeThreshold } from "../threshold.js";
import { warn } from "../warn.js";
import { describe, list, percent, stageNames } from "../words.js";

/** What did not fit into the time, attack by attack. */
export function budgetGate(measured: Measured): ResultWarning[] {
  const budget = measured.limits?.budget;
  const { left, missing } = leftOut(measured);
  if (budget === undefined || missing === "" || isDecided(measured)) return [];
  const message =
    `The budget of ${seconds(budget.seconds)} ran out before everything planned was done: ` +
    `${missing}. ${BOUND}. Give it more time.`;
  return [warn("budget-spent", "warning", message, left)];
}

/** How repeatable the numbers of a time budget are. */
export function budgetStatement({ limits }: Pick<Measured, "limits">): string[] {
  if (limits?.budget === undefined) return [];
  return [
    `The evaluation had a budget of ${seconds(limits.budget.seconds)}. How much it does in that time depends on the speed of the machine, ` +
      "so another run may try more or less, and other images may survive.",
  ];
}

/** States that the headline was not checked, in an evaluation that attacked it. */
export function uncheckedStatement({ checks = [], measurements, headline }: Measured): string[] {
  const attacked = attacksOf(measurements).filter(
    ({ kind, threat }) => kind === "white-box" && threat.epsilon === headline?.epsilon,
  );
  // A look at its scores alone is no check of an attack.
  const isUnchecked = checks.some(
    ({ model, measurement, boundary, further }) =>
      (measurement === undefined || (boundary !== undefined && further === undefined)) &&
      attacked.some((m) => m.model === model),
  );
  if (!isUnchecked) return [];
  return [
    "The headline was not checked: twice the steps or an adaptive attack might break more, and its attack might show signs " +
      "of failing. An evaluation without --no-checks, --shard, --budget and --end-early makes these checks.",
  ];
}

/** The evaluation ended as soon as its outcome was certain, so its numbers are bounds. */
export function endedEarlyGate(measured: Measured): ResultWarning[] {
  const { left, missing } = leftOut(measured);
  if (missing === "" || !isDecided(measured)) return [];
  const threshold = measured.limits!.threshold!;
  const { outcome, model } = judgeThreshold(measured, threshold);
  const share = percent(threshold);
  const certain =
    outcome === "below"
      ? `${model} was certain to keep less than ${share}`
      : `every model was certain to keep ${share}`;
  const message = `The evaluation ended as soon as ${certain} under attack: ${missing}. ${BOUND}, not what the attack would leave.`;
  return [warn("ended-early", "warning", message, left)];
}

const BOUND = "Unfinished images count as right, so an accuracy shown with ≤ is the highest it can be";

/** Whether a threshold ended it, rather than the time. */
function isDecided(measured: Measured): boolean {
  const threshold = measured.limits?.threshold;
  return threshold !== undefined && judgeThreshold(measured, threshold).outcome !== "undecided";
}

/** Measurements that were cut off, and a description of everything left undone. */
function leftOut({ measurements, limits }: Measured): {
  readonly left: readonly (AttackMeasurement | NearestMeasurement)[];
  readonly missing: string;
} {
  const left = measurements
    .filter((m) => m.kind !== "clean")
    .filter(({ unfinished }) => unfinished !== undefined);
  const notRun = limits?.notRun ?? [];
  const parts = [...left.map(describeLeft), ...(notRun.length === 0 ? [] : [`not run: ${list(notRun)}`])];
  return { left, missing: parts.join("; ") };
}

/** `auto on a (L∞, ε = 0.3): APGD-T 12 of 30 images, Square + APGD 30 of 30 images unfinished` */
function describeLeft(m: AttackMeasurement | NearestMeasurement): string {
  const names = m.stages === undefined ? [] : stageNames(m.stages);
  const stages = (m.stages ?? []).flatMap(({ unfinished, images }, i) =>
    unfinished === undefined ? [] : [`${names[i]} ${unfinished} of ${images}`],
  );
  return `${describe(m)}: ${stages.length === 0 ? `${m.unfinished} of ${m.n}` : list(stages)} images unfinished`;
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(6))} s`;
}
