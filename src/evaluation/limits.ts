/** What may end an evaluation before all is done: whether it can, and what a result says of it. */
import { UsageError } from "../errors/index.js";
import { openDecision, type Decision } from "./decision.js";
import { scoredOn } from "./measuring.js";
import { isAtHeadline, type EvaluateOptions } from "./plan.js";
import type { Limits } from "./result/index.js";
import type { Run } from "./run.js";
import type { Ran, Task } from "./tasks.js";

/** @throws UsageError where what is to end it says nothing. */
export function checkLimits({ shard, budget, threshold, curve = false }: EvaluateOptions): void {
  if (budget !== undefined && !(budget > 0)) {
    throw new UsageError({
      place: "budget",
      problem: `${budget} seconds are no time`,
      remedy: "Give it more than 0.",
    });
  }
  if (threshold === undefined) return;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new UsageError({
      place: "threshold",
      problem: `${threshold} is no accuracy`,
      remedy: "Give a share from 0 to 1.",
    });
  }
  if (shard !== undefined) {
    throw new UsageError({
      place: "threshold",
      problem: "a shard knows nothing of the others, and cannot decide it",
      remedy: "Leave it out, and ask when the shards are merged.",
    });
  }
  if (curve !== false) {
    throw new UsageError({
      place: "curve",
      problem: "a threshold ends the evaluation as soon as it is certain, before the curve",
      remedy: "Leave out one of the two.",
    });
  }
}

/** What each model is scored in at the headline. */
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

/** What ended it, where something was to. */
export function limitsOf({ budget, decision }: Run, { notRun }: Ran): Limits | undefined {
  if (budget === undefined && decision === undefined) return undefined;
  return {
    ...(budget && { budget: { seconds: budget.seconds, spent: budget.spent } }),
    ...(decision && { threshold: decision.threshold }),
    notRun,
  };
}
