import { openTarget, type Compile, type Target, type TargetOptions } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { InterruptedError, UsageError } from "../errors/index.js";
import { fixedBatchSize, type AnyClassifier, type Classifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import type { ModelChecks, RepeatedAnswers } from "./check-result.js";
import { checkModel, checksOf } from "./checks/check-model.js";
import { checkRepeats } from "./checks/repeats.js";
import { chooseExamples } from "./choose-examples.js";
import { checkFit } from "./fit.js";
import type { Kept } from "./kept.js";
import { measure, measureClean, stagesFor, type Run } from "./measure.js";
import { planEvaluation, workOf, type EvaluateOptions, type EvaluationPlan } from "./plan.js";
import type { CleanMeasurement, Measurement } from "./result.js";
import { measurementsOn } from "./within-access.js";

/** A classifier under the name that the result gives it. */
export interface EvaluatedModel<C extends AnyClassifier = Classifier> {
  readonly name: string;
  readonly classifier: C;
}

export type EvaluateEvent =
  | { readonly type: "plan"; readonly plan: EvaluationPlan; readonly images: number; readonly work: number }
  /** `done` and `work` count gradients, images × steps; an answer alone counts for a third. */
  | { readonly type: "progress"; readonly label: string; readonly done: number; readonly work: number }
  | { readonly type: "measurement"; readonly measurement: Measurement };

export interface EvaluateHooks {
  readonly onEvent?: ((event: EvaluateEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly compile?: Compile;
  /** Where outcomes are kept as they come; those that are there already are not computed again. */
  readonly kept?: Kept | undefined;
}

/** Measurements of an evaluation; `assembleResult` turns them into a result. */
export interface Evaluation {
  readonly plan: EvaluationPlan;
  readonly measurements: readonly Measurement[];
  /** Of each model; without checks, whether it repeats its answers. */
  readonly checks: readonly ModelChecks[];
  /** Places of images to be shown, and what the headline's first attack made of them, by model. */
  readonly shown: readonly number[];
  readonly adversarial: ReadonlyMap<string, ReadonlyMap<number, Float32Array>>;
}

/**
 * Clean, white-box and transfer accuracy of every model on every image of `dataset`.
 *
 * White-box accuracy counts an image only when the model is right on it and the attack
 * (with the model's own gradient) fails: it is an upper bound of the true robust accuracy.
 * Transfer accuracy is the accuracy on images made against another model. A model without a gradient is attacked by what
 * needs none ({@link measurementsOn}).
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
  const targets = new Map<string, Target>();
  for (const { name, classifier } of models) {
    const batchSize = fixedBatchSize(classifier) ?? plan.batchSize;
    targets.set(name, openTarget(classifier, { ...targetOptions(plan, hooks), batchSize }));
  }
  const planned = new Map([...targets].map(([name, { access }]) => [name, measurementsOn(access, plan)]));
  const work = [...planned]
    .flatMap(([name, each]) => each.map((one) => workOf(stagesFor(one, targets.get(name)!), dataset.length)))
    .reduce(
      (sum, each) => sum + each,
      plan.checks ? checksWork(models, { plan, planned, targets }, dataset) : 0,
    );
  hooks.onEvent?.({ type: "plan", plan, images: dataset.length, work });
  let done = 0;
  const run = {
    plan,
    planned,
    dataset,
    models: new Map(models.map(({ name, classifier }) => [name, classifier])),
    targets,
    signal: hooks.signal,
    kept: hooks.kept,
    random: createGenerator(plan.seed),
    clean: new Map<string, readonly number[]>(),
    shown: [] as readonly number[],
    adversarial: new Map<string, Map<number, Float32Array>>(),
    onWork(label: string, spent: number) {
      done += spent;
      hooks.onEvent?.({ type: "progress", label, done: Math.round(done), work });
    },
  };
  const measurements: Measurement[] = [];
  const record = (measurement: Measurement): void => {
    measurements.push(measurement);
    hooks.onEvent?.({ type: "measurement", measurement });
  };
  const checks: ModelChecks[] = [];
  try {
    const repeated = new Map<string, RepeatedAnswers | undefined>();
    for (const { name } of models) {
      const { repeats, target } = await checkRepeats(targets.get(name)!, dataset);
      repeated.set(name, repeats);
      targets.set(name, target);
    }
    const clean = new Map<string, CleanMeasurement>();
    for (const { name } of models) clean.set(name, await measureClean(run, name));
    run.shown = chooseExamples(dataset, plan, run.clean);
    for (const { name } of models) {
      record(clean.get(name)!);
      for (const one of planned.get(name)!) for (const each of await measure(run, name, one)) record(each);
      checks.push(await checkModel(run, name, measurements, repeated.get(name)));
    }
  } catch (error) {
    if (hooks.signal?.aborted !== true) throw error;
    throw new InterruptedError({
      place: "evaluation",
      problem:
        hooks.kept === undefined
          ? "stopped on request; nothing was written"
          : "stopped on request; the same evaluation goes on from what was kept",
      cause: error,
    });
  } finally {
    await Promise.all([...targets.values()].map((target) => target.dispose()));
  }
  return { plan, measurements, checks, shown: run.shown, adversarial: run.adversarial };
}

/** What the checks cost at most, where every image stands. */
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
 * Batches that every model takes: a file that fixes its batch is fed no more, and padded where there is less. None is
 * larger than the dataset: what pads it would cost as much as an image.
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
  if (models.length === 0) throw new UsageError({ place: "models", problem: "none was given" });
  const names = models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError({
      place: "models",
      problem: `two are called "${twice}"`,
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
}
