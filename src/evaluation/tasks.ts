/** The order of the measurements, and what is left out if there is no time. */
import { furtherStages } from "./further.js";
import { Measuring } from "./measuring.js";
import type { PlannedMeasurement } from "./plan.js";
import type { Measurement } from "./result/index.js";
import type { Run } from "./run.js";
import { describePlanned } from "./words.js";

/** A measurement to make. */
export interface Task {
  readonly model: string;
  readonly given: PlannedMeasurement;
}

export interface Ran {
  readonly measured: ReadonlyMap<Task, readonly Measurement[]>;
  /** What was planned but not started, in words. */
  readonly notRun: readonly string[];
}

/** Runs the tasks one after the other; with a budget or a threshold, the headline comes first. */
export async function runTasks(
  run: Run,
  tasks: readonly Task[],
  record: (measurement: Measurement) => Measurement,
): Promise<Ran> {
  if (run.budget !== undefined || run.decision !== undefined) return runWithin(run, tasks, record);
  const measured = new Map<Task, readonly Measurement[]>();
  for (const task of tasks) {
    const measuring = new Measuring(run, task.model, task.given);
    await measuring.go(() => false);
    measured.set(task, (await measuring.finish()).map(record));
  }
  return { measured, notRun: [] };
}

/**
 * Within a budget: first the headline's measurements, each with an equal share of the time left; then those at other
 * ε. The rest of the time goes to the headline again, to attacks that were cut off and to stronger ones. With a
 * threshold: only the headline, until it is decided.
 */
async function runWithin(
  run: Run,
  tasks: readonly Task[],
  record: (measurement: Measurement) => Measurement,
): Promise<Ran> {
  const { budget, decision } = run;
  const measured = new Map<Task, readonly Measurement[]>();
  const all = tasks.map((task) => ({ task, measuring: new Measuring(run, task.model, task.given) }));
  const finish = async ({ task, measuring }: (typeof all)[number]): Promise<void> => {
    measured.set(task, (await measuring.finish()).map(record));
  };
  const round = async (some: typeof all, isFurther = false): Promise<void> => {
    for (const [i, each] of some.entries()) {
      if (decision?.outcome !== undefined) return;
      const { model, given } = each.task;
      const further = isFurther ? furtherStages(given, run.targets.get(model)!) : [];
      await each.measuring.go(budget?.share(some.length - i) ?? (() => false), further);
      // Run the other models now, because their predictions may decide.
      if (decision !== undefined && each.measuring.isDone) await finish(each);
    }
  };
  const headline = all.filter(({ measuring }) => measuring.isHeadline);
  await round(headline);
  if (decision === undefined) await round(all.filter(({ measuring }) => !measuring.isHeadline));
  let open = headline.filter(({ task }) => !measured.has(task));
  while (budget?.isSpent === false && decision?.outcome === undefined && open.length > 0) {
    await round(open, decision === undefined);
    open = open.filter(({ task, measuring }) => !measuring.isThrough && !measured.has(task));
  }
  for (const each of all) {
    const { measuring, task } = each;
    // The headline has its row even if there was no time for it, unless a decision made it unnecessary.
    const isShown = measuring.isHeadline && (decision === undefined || measuring.isOpen);
    const hasRow = measuring.hasBegun || measuring.isDone || isShown;
    if (hasRow && !measured.has(task)) await finish(each);
  }
  const notRun = tasks.filter((task) => !measured.has(task));
  return { measured, notRun: notRun.map(({ model, given }) => describePlanned(model, given)) };
}
