import { checkPatch, openTarget, type Compile, type Target, type TargetOptions } from "../attacks/index.js";
import { checkCorruptible, type Dataset } from "../data/index.js";
import { InterruptedError, UsageError } from "../errors/index.js";
import { fixedBatchSize, type AnyClassifier, type Classifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import type {
  CleanMeasurement,
  CorruptionResults,
  Limits,
  Measurement,
  ModelChecks,
  RepeatedAnswers,
} from "./result/index.js";
import { checkModel, checksOf } from "./checks/check-model.js";
import { checkRepeats } from "./checks/repeats.js";
import { chooseExamples } from "./choose-examples.js";
import { corruptionWork, measureCorruptions } from "./corruptions.js";
import { checkFit } from "./fit.js";
import type { Kept } from "./kept.js";
import { openBudget, type Budget } from "./budget.js";
import { checkLimits, decisionOn, limitsOf } from "./limits.js";
import { measureClean } from "./measure-clean.js";
import { stagesFor } from "./measuring.js";
import { runTasks, type Task } from "./tasks.js";
import { placesOfShard } from "./shards.js";
import { planEvaluation, workOf, type EvaluateOptions, type EvaluationPlan } from "./plan.js";
import type { Run } from "./run.js";
import { measurementsOn } from "./within-access.js";

/** A classifier, and its name in the result. */
export interface EvaluatedModel<C extends AnyClassifier = Classifier> {
  readonly name: string;
  readonly classifier: C;
}

/** Events of a running evaluation. */
export type EvaluateEvent =
  | { readonly type: "plan"; readonly plan: EvaluationPlan; readonly images: number; readonly work: number }
  /** `done` and `work` count gradients, images × steps; a forward pass alone counts as a third. */
  | { readonly type: "progress"; readonly label: string; readonly done: number; readonly work: number }
  | { readonly type: "measurement"; readonly measurement: Measurement };

/** Progress, cancellation and where programs are compiled. */
export interface EvaluateHooks {
  /** Called with each event as it happens. */
  readonly onEvent?: ((event: EvaluateEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly compile?: Compile | undefined;
  /** Where outcomes are saved as they arrive. Outcomes that are already there are not computed again. */
  readonly kept?: Kept | undefined;
  /** A clock in milliseconds that never goes back; the machine's by default. Budgets and reported seconds use it. */
  readonly now?: (() => number) | undefined;
}

/** Measurements of an evaluation; `assembleResult` turns them into a result. */
export interface Evaluation {
  readonly plan: EvaluationPlan;
  readonly measurements: readonly Measurement[];
  /** For each model; without checks, only whether it repeats its outputs. */
  readonly checks: readonly ModelChecks[];
  /** Places of the images that were attacked: all, or a shard's. */
  readonly places: readonly number[];
  /** What ended it, if it had a limit. */
  readonly limits?: Limits | undefined;
  readonly corruptions?: CorruptionResults | undefined;
  /** Places of the images to show, and what the headline's first attack made of them, by model. */
  readonly shown: readonly number[];
  readonly adversarial: ReadonlyMap<string, ReadonlyMap<number, Float32Array>>;
}

/**
 * Clean, white-box and transfer accuracy of every model on every image of `dataset`.
 *
 * White-box accuracy counts an image only when the model is right on it and the attack
 * (with the model's own gradient) fails: it is an upper bound of the true robust accuracy.
 * Transfer accuracy is the accuracy on images made against another model. A model without a gradient gets the attacks that
 * need none ({@link measurementsOn}).
 *
 * @throws UsageError, InputError on wrong options or models; InterruptedError on abort.
 */
export async function evaluate(
  models: readonly EvaluatedModel<AnyClassifier>[],
  dataset: Dataset,
  options: EvaluateOptions,
  hooks: EvaluateHooks = {},
): Promise<Evaluation> {
  const plan = withinBatches(planEvaluation(options), models, dataset.length);
  checkModels(models, dataset, plan);
  checkLimits(options);
  const places = placesOfShard(dataset, options.shard);
  const now = hooks.now ?? ((): number => performance.now());
  const budget = options.budget === undefined ? undefined : openBudget(options.budget, now);
  const open = (classifier: AnyClassifier): Target =>
    openTarget(classifier, {
      ...targetOptions(plan, hooks),
      batchSize: fixedBatchSize(classifier) ?? plan.batchSize,
    });
  const targets = new Map(models.map(({ name, classifier }) => [name, open(classifier)]));
  try {
    const repeats = new Map<string, RepeatedAnswers | undefined>();
    for (const { name } of models) {
      // This decides how the model is attacked, and so how much work that is.
      const found = await checkRepeats(targets.get(name)!, dataset);
      repeats.set(name, found.repeats);
      targets.set(name, found.target);
    }
    return await evaluateOn(dataset, {
      models,
      plan,
      places,
      open,
      targets,
      repeats,
      now,
      budget,
      options,
      hooks,
    });
  } catch (error) {
    if (hooks.signal?.aborted !== true) throw error;
    throw new InterruptedError({
      place: "evaluation",
      problem:
        hooks.kept === undefined
          ? "stopped on request; nothing was written"
          : "stopped on request; run the same evaluation again to continue from what was saved",
      cause: error,
    });
  } finally {
    await Promise.all([...targets.values()].map((target) => target.dispose()));
  }
}

interface Opened {
  readonly models: readonly EvaluatedModel<AnyClassifier>[];
  readonly plan: EvaluationPlan;
  readonly places: readonly number[];
  readonly open: Run["open"];
  readonly targets: ReadonlyMap<string, Target>;
  /** Whether each model repeats its outputs. */
  readonly repeats: ReadonlyMap<string, RepeatedAnswers | undefined>;
  readonly now: () => number;
  readonly budget: Budget | undefined;
  readonly options: EvaluateOptions;
  readonly hooks: EvaluateHooks;
}

/** Measures opened models: clean, then the tasks of the plan, then the checks. */
async function evaluateOn(dataset: Dataset, opened: Opened): Promise<Evaluation> {
  const { models, plan, places, repeats, hooks } = opened;
  const { run, tasks } = openRun(dataset, opened);
  const record = <M extends Measurement>(measurement: M): M => {
    hooks.onEvent?.({ type: "measurement", measurement });
    return measurement;
  };
  const clean = new Map<string, CleanMeasurement>();
  for (const { name } of models) clean.set(name, await measureClean(run, name));
  run.shown = chooseExamples(dataset, plan, run.clean);
  for (const each of clean.values()) record(each);
  const ran = await runTasks(run, tasks, record);
  const checks: ModelChecks[] = [];
  const measurements: Measurement[] = [];
  for (const { name } of models) {
    const own = tasks.filter(({ model }) => model === name).flatMap((task) => ran.measured.get(task) ?? []);
    checks.push(await checkModel(run, name, own, repeats.get(name)));
    measurements.push(clean.get(name)!, ...own);
  }
  const limits = limitsOf(run, ran);
  const corruptions =
    plan.corruptions && (await measureCorruptions(run, plan.corruptions, opened.options.corruptions!));
  const { shown, adversarial } = run;
  return { plan, measurements, checks, places, shown, adversarial, limits, corruptions };
}

/** Opens the run, and announces its amount of work. */
function openRun(
  dataset: Dataset,
  { models, plan, places, open, targets, now, budget, options, hooks }: Opened,
): { readonly run: Run & { shown: readonly number[] }; readonly tasks: readonly Task[] } {
  const planned = new Map([...targets].map(([name, { access }]) => [name, measurementsOn(access, plan)]));
  const tasks: readonly Task[] = models.flatMap(({ name: model }) =>
    planned.get(model)!.map((given) => ({ model, given })),
  );
  const work =
    tasks
      .map(({ model, given }) => workOf(stagesFor(given, targets.get(model)!), places.length))
      .reduce((sum, each) => sum + each, 0) +
    (plan.checks ? checksWork(models, { plan, planned, targets }, dataset) : 0) +
    (plan.corruptions ? corruptionWork(plan.corruptions, models.length, places.length) : 0);
  hooks.onEvent?.({ type: "plan", plan, images: places.length, work });
  let done = 0;
  const { threshold } = options;
  const run = {
    plan,
    planned,
    dataset,
    places,
    models: new Map(models.map(({ name, classifier }) => [name, classifier])),
    targets,
    open,
    signal: hooks.signal,
    kept: hooks.kept,
    random: createGenerator(plan.seed),
    now,
    clean: new Map<string, readonly number[]>(),
    shown: [] as readonly number[],
    adversarial: new Map<string, Map<number, Float32Array>>(),
    budget,
    decision: threshold === undefined ? undefined : decisionOn(threshold, { plan, targets, dataset }, tasks),
    onWork(label: string, spent: number) {
      done += spent;
      hooks.onEvent?.({ type: "progress", label, done: Math.round(done), work });
    },
  } satisfies Run;
  return { run, tasks };
}

/** The highest possible cost of the checks, if every image survives. */
function checksWork(
  models: readonly EvaluatedModel<AnyClassifier>[],
  { plan, planned, targets }: Pick<Run, "plan" | "planned" | "targets">,
  { length }: Dataset,
): number {
  const each = models.map(({ name, classifier }) =>
    checksOf({ classifier, target: targets.get(name)!, planned: planned.get(name)!, plan }, length),
  );
  return each.reduce((sum, checks) => sum + (checks?.work ?? 0), 0);
}

/**
 * Fits batches to every model: a file with a fixed batch size gets no more images than that, and padding if there are
 * fewer. No batch is larger than the dataset, because padding costs as much as an image.
 */
function withinBatches(
  plan: EvaluationPlan,
  models: readonly EvaluatedModel<AnyClassifier>[],
  images: number,
): EvaluationPlan {
  const fixed = models.flatMap(({ classifier }) => fixedBatchSize(classifier) ?? []);
  return { ...plan, batchSize: Math.min(plan.batchSize, Math.max(images, 1), ...fixed) };
}

function targetOptions(
  { threads, seed }: EvaluationPlan,
  hooks: EvaluateHooks,
): Omit<TargetOptions, "batchSize"> {
  return {
    seed,
    ...(threads === undefined ? {} : { threads }),
    ...(hooks.compile === undefined ? {} : { compile: hooks.compile }),
  };
}

function checkModels(
  models: readonly EvaluatedModel<AnyClassifier>[],
  dataset: Dataset,
  plan: EvaluationPlan,
): void {
  if (models.length === 0) throw new UsageError({ place: "models", problem: "no model was given" });
  const names = models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError({
      place: "models",
      problem: `two models are named "${twice}"`,
      remedy: "Give each its own name.",
    });
  }
  const unknown = plan.transferFrom.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageError({
      place: "transfer source",
      problem: `"${unknown}" is not among the models`,
      remedy: `Choose from: ${names.join(", ")}.`,
    });
  }
  for (const { name, classifier } of models) checkFit(name, classifier, dataset);
  const { channels, height, width } = dataset;
  for (const { threat } of plan.attacks) checkPatch(threat, [channels, height, width]);
  if (plan.corruptions) checkCorruptible(dataset);
}
