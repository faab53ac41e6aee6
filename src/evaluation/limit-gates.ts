/** The gates on evaluations that were ended before all was done: by a budget, or by a threshold. */
import { attacksOf, type Measured } from "./curves.js";
import type { AttackMeasurement, NearestMeasurement, ResultWarning } from "./result/index.js";
import { judgeThreshold } from "./threshold.js";
import { warn } from "./warn.js";
import { describe, list, percent, stageNames } from "./words.js";

/** What did not fit into the time, attack by attack. */
export function budgetGate(measured: Measured): ResultWarning[] {
  const budget = measured.limits?.budget;
  const { left, missing } = leftOut(measured);
  if (budget === undefined || missing === "" || isDecided(measured)) return [];
  const message =
    `The ${seconds(budget.seconds)} that the evaluation was given were spent before all that was planned was done: ` +
    `${missing}. ${BOUND}. Give it more time.`;
  return [warn("budget-spent", "warning", message, left)];
}

/** How far numbers that were made in a given time can be made again. */
export function budgetStatement({ limits }: Pick<Measured, "limits">): string[] {
  if (limits?.budget === undefined) return [];
  return [
    `The evaluation was given ${seconds(limits.budget.seconds)}. How much is done in that depends on the speed of the machine: ` +
      "another run may try more or less, and leave other images standing.",
  ];
}

/** That nothing was tried beside the attacks of the headline, in an evaluation that attacked something there. */
export function uncheckedStatement({ checks = [], measurements, headline }: Measured): string[] {
  const attacked = attacksOf(measurements).filter(
    ({ kind, threat }) => kind === "white-box" && threat.epsilon === headline?.epsilon,
  );
  const isUnchecked = checks.some(
    ({ model, measurement }) => measurement === undefined && attacked.some((m) => m.model === model),
  );
  if (!isUnchecked) return [];
  return [
    "The headline was not checked: whether twice the steps or an adaptive attack break more of it, and whether its attack shows signs " +
      "of failing. A whole evaluation checks it, without --no-checks, --shard, --budget or --end-early.",
  ];
}

/** That an evaluation ended as soon as its question was answered: its numbers are bounds. */
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
  const message = `The evaluation ended as soon as ${certain} under attack: ${missing}. ${BOUND}, not what the attack leaves.`;
  return [warn("ended-early", "warning", message, left)];
}

const BOUND = "Images that are not finished count as right: an accuracy with ≤ is the most that it can be";

/** Whether a threshold ended it, and not the time before. */
function isDecided(measured: Measured): boolean {
  const threshold = measured.limits?.threshold;
  return threshold !== undefined && judgeThreshold(measured, threshold).outcome !== "undecided";
}

/** Measurements that were cut off, and all that was not done, in words. */
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

/** `auto on a (L∞, ε = 0.3): APGD-T 12 of 30 images, Square + APGD 30 of 30 not finished` */
function describeLeft(m: AttackMeasurement | NearestMeasurement): string {
  const names = m.stages === undefined ? [] : stageNames(m.stages);
  const stages = (m.stages ?? []).flatMap(({ unfinished, images }, i) =>
    unfinished === undefined ? [] : [`${names[i]} ${unfinished} of ${images}`],
  );
  return `${describe(m)}: ${stages.length === 0 ? `${m.unfinished} of ${m.n}` : list(stages)} images not finished`;
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(6))} s`;
}
