/** Limits that may end an evaluation early: which are valid, and what a result says about them. */
import { UsageError } from "../errors/index.js";
import { openDecision, type Decision } from "./decision.js";
import { scoredOn } from "./measuring.js";
import { isAtHeadline, type EvaluateOptions } from "./plan.js";
import type { Limits } from "./result/index.js";
import type { Run } from "./run.js";
import type { Ran, Task } from "./tasks.js";

/** @throws UsageError if a limit makes no sense. */
export function checkLimits({ shard, budget, threshold, curve = false }: EvaluateOptions): void {
  if (budget !== undefined && !(budget > 0)) {
    throw new UsageError({
      place: "budget",
      problem: `must be above 0 seconds, found ${budget}`,
      remedy: "Give it some time, such as 600.",
    });
  }
  if (threshold === undefined) return;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new UsageError({
      place: "threshold",
      problem: `must be an accuracy from 0 to 1, found ${threshold}`,
      remedy: "Give it as a share, such as 0.4.",
    });
  }
  if (shard !== undefined) {
    throw new UsageError({
      place: "threshold",
      problem: "cannot be decided by one shard, which does not know the others",
      remedy: "Omit it, and give it when the shards are merged.",
    });
  }
  if (curve !== false) {
    throw new UsageError({
      place: "curve",
      problem: "would not be run: a threshold ends the evaluation as soon as it is decided, before the curve",
      remedy: "Omit one of the two.",
    });
  }
}

/** The decision over the measurements in which each model is scored at the headline. */
export function decisionOn(
  threshold: number,
  run: Pick<Run, "plan" | "targets" | "dataset">,
  tasks: readonly Task[],
): Decision {
  const columns = new Map([...run.targets.keys()].map((model) => [model, 0]));
  for (const { model, given } of tasks) {
    if (!isAtHeadline(given, run.plan)) continue;
    for (const each of [model, ...scoredOn(run, model, given)]) columns.set(each, columns.get(each)! + 1);
  }
  return openDecision(threshold, run.dataset.length, columns);
}

/** What ended it, if it had a limit. */
export function limitsOf({ budget, decision }: Run, { notRun }: Ran): Limits | undefined {
  if (budget === undefined && decision === undefined) return undefined;
  return {
    ...(budget && { budget: { seconds: budget.seconds, spent: budget.spent } }),
    ...(decision && { threshold: decision.threshold }),
    notRun,
  };
}
