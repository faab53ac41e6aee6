/** The gates on evaluations that were ended before all was done: by a budget, or by a threshold. */
import { attacksOf, type Measured } from "./curves.js";
import type { AttackMeasurement, ResultWarning } from "./result.js";
import { judgeThreshold } from "./threshold.js";
import { warn } from "./warn.js";
import { describe, list, percent, stageNames } from "./words.js";

/** What did not fit into the time, attack by attack. */
export function budgetGate({ limits, measurements }: Measured): ResultWarning[] {
  const budget = limits?.budget;
  if (budget === undefined) return [];
  const left = unfinishedOf(measurements);
  const { notRun } = limits!;
  const missing = [...left.map(describeLeft), ...(notRun.length === 0 ? [] : [`not run: ${list(notRun)}`])];
  if (missing.length === 0) return [];
  const message =
    `The ${seconds(budget.seconds)} that the evaluation was given were spent before all that was planned was done: ` +
    `${missing.join("; ")}. Images that are not finished count as right: an accuracy with ≤ is the most that it can be. ` +
    "Give it more time.";
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

/** That an evaluation ended as soon as its question was answered: its numbers are bounds. */
export function endedEarlyGate({
  limits,
  measurements,
  headline = null,
  models = [],
}: Measured): ResultWarning[] {
  const threshold = limits?.threshold;
  if (threshold === undefined) return [];
  const left = unfinishedOf(measurements);
  const { notRun } = limits!;
  if (left.length + notRun.length === 0) return [];
  const { outcome, model } = judgeThreshold({ limits, measurements, headline, models } as never, threshold);
  const share = percent(threshold);
  const certain = {
    below: `${model} is certain to keep less than ${share}`,
    "at or above": `every model is certain to keep ${share} or more`,
    undecided: "time was over",
  }[outcome];
  const missing = [...left.map(describeLeft), ...(notRun.length === 0 ? [] : [`not run: ${list(notRun)}`])];
  const message =
    `The evaluation ended as soon as ${certain} under attack: ${missing.join("; ")}. Images that are not finished count as ` +
    "right: an accuracy with ≤ is the most that it can be, not what the attack leaves.";
  return [warn("ended-early", "warning", message, left)];
}

function unfinishedOf(measurements: Measured["measurements"]): AttackMeasurement[] {
  return attacksOf(measurements).filter(({ unfinished }) => unfinished !== undefined);
}

/** `auto on a (L∞, ε = 0.3): APGD-T 12 of 30 images, Square + APGD 30 of 30 not finished` */
function describeLeft(m: AttackMeasurement): string {
  const names = m.stages === undefined ? [] : stageNames(m.stages);
  const stages = (m.stages ?? []).flatMap(({ unfinished, images }, i) =>
    unfinished === undefined ? [] : [`${names[i]} ${unfinished} of ${images}`],
  );
  return `${describe(m)}: ${stages.length === 0 ? `${m.unfinished} of ${m.n}` : list(stages)} images not finished`;
}

function seconds(value: number): string {
  return `${Number(value.toPrecision(6))} s`;
}
