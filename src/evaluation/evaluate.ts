import {
  checkThreat,
  createTarget,
  grayImage,
  pgd,
  predictions,
  runAttack,
  type AttackedBatch,
  type Compile,
  type PgdOptions,
  type Target,
  type ThreatModel,
} from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { InterruptedError, UsageError } from "../errors/index.js";
import { fixedBatchSize, type Classifier } from "../models/index.js";
import { createGenerator, type RandomGenerator } from "../tensor/index.js";
import { datasetBatches } from "./batches.js";
import { checkFit } from "./fit.js";
import { cleanMeasurement, transferMeasurement, whiteBoxMeasurement } from "./measurement.js";
import {
  gradientsOf,
  planEvaluation,
  workOf,
  type EvaluateOptions,
  type EvaluationPlan,
  type PlannedAttack,
} from "./plan.js";
import type { AttackParameters, Measurement } from "./result.js";
import { createTally, type Tally } from "./tally.js";

/** A classifier under the name that the result gives it. */
export interface EvaluatedModel {
  readonly name: string;
  readonly classifier: Classifier;
}

export type EvaluateEvent =
  | { readonly type: "plan"; readonly plan: EvaluationPlan; readonly images: number; readonly work: number }
  /** `done` and `work` count gradient evaluations, images × steps. */
  | { readonly type: "progress"; readonly label: string; readonly done: number; readonly work: number }
  | { readonly type: "measurement"; readonly measurement: Measurement };

export interface EvaluateHooks {
  readonly onEvent?: ((event: EvaluateEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly compile?: Compile;
}

/** Measurements of an evaluation; `assembleResult` turns them into a result. */
export interface Evaluation {
  readonly plan: EvaluationPlan;
  readonly measurements: readonly Measurement[];
}

/**
 * Clean, white-box and transfer accuracy of every model on every image of `dataset`.
 *
 * White-box accuracy counts an image only when the model is right on it and the attack
 * (with the model's own gradient) fails: it is an upper bound of the true robust accuracy.
 * Transfer accuracy is the accuracy on images made against another model.
 *
 * @throws UsageError, InputError on wrong options or models; InterruptedError on abort.
 */
export async function evaluate(
  models: readonly EvaluatedModel[],
  dataset: Dataset,
  options: EvaluateOptions,
  hooks: EvaluateHooks = {},
): Promise<Evaluation> {
  const plan = withinBatches(planEvaluation(options), models, dataset.length);
  checkModels(models, dataset, plan);
  const targets = new Map<string, Target>();
  for (const { name, classifier } of models) {
    const batchSize = fixedBatchSize(classifier) ?? plan.batchSize;
    targets.set(name, createTarget(classifier, { ...targetOptions(plan, hooks), batchSize }));
  }
  const run: Run = {
    plan,
    dataset,
    models: new Map(models.map(({ name, classifier }) => [name, classifier])),
    targets,
    hooks,
    random: createGenerator(plan.seed),
    done: 0,
    work: 0,
    measurements: [],
  };
  run.work = workOf(plan, dataset.length, models.length);
  hooks.onEvent?.({ type: "plan", plan, images: dataset.length, work: run.work });
  try {
    for (const { name } of models) {
      for (const [place, attack] of plan.attacks.entries()) await measure(run, name, attack, place === 0);
    }
  } catch (error) {
    if (hooks.signal?.aborted !== true) throw error;
    throw new InterruptedError({
      place: "evaluation",
      problem: "stopped on request; nothing was written",
      cause: error,
    });
  } finally {
    await Promise.all([...targets.values()].map((target) => target.dispose()));
  }
  return { plan, measurements: run.measurements };
}

interface Run {
  readonly plan: EvaluationPlan;
  readonly dataset: Dataset;
  readonly models: ReadonlyMap<string, Classifier>;
  readonly targets: ReadonlyMap<string, Target>;
  readonly hooks: EvaluateHooks;
  readonly random: RandomGenerator;
  readonly measurements: Measurement[];
  done: number;
  work: number;
}

/**
 * Batches that every model takes: a file that fixes its batch is fed no more, and padded where there is less. None is
 * larger than the dataset: what pads it would cost as much as an image.
 */
function withinBatches(
  plan: EvaluationPlan,
  models: readonly EvaluatedModel[],
  images: number,
): EvaluationPlan {
  const fixed = models.flatMap(({ classifier }) => fixedBatchSize(classifier) ?? []);
  return { ...plan, batchSize: Math.min(plan.batchSize, Math.max(images, 1), ...fixed) };
}

function targetOptions(
  { threads, seed }: EvaluationPlan,
  hooks: EvaluateHooks,
): Omit<Parameters<typeof createTarget>[1], "batchSize"> {
  return {
    seed,
    ...(threads === undefined ? {} : { threads }),
    ...(hooks.compile === undefined ? {} : { compile: hooks.compile }),
  };
}

/** One attack on one model over the dataset, scored on it and, for transfer, on the others. */
async function measure(run: Run, model: string, attack: PlannedAttack, first: boolean): Promise<void> {
  const { plan, dataset, targets } = run;
  const threat: ThreatModel = { norm: plan.norm, epsilon: attack.epsilon };
  const target = targets.get(model)!;
  const whiteBox = createTally();
  const transfers = new Map<string, Tally>();
  if (attack.transfer && plan.transferFrom.includes(model)) {
    for (const other of targets.keys()) if (other !== model) transfers.set(other, createTally());
  }
  const options = pgdOptions(plan, attack, target);
  for await (const batch of datasetBatches(dataset, plan.batchSize)) {
    run.hooks.signal?.throwIfAborted();
    const started = performance.now();
    const context = { random: run.random, signal: run.hooks.signal };
    const outcome =
      options === null
        ? await runAttack(target, grayImage, batch, threat, {}, context)
        : await runAttack(target, pgd, batch, threat, options, context);
    whiteBox.add({ indices: batch.indices, outcome, seconds: (performance.now() - started) / 1000 });
    for (const [other, tally] of transfers) {
      await scoreTransfer(targets.get(other)!, batch.images, batch.indices, outcome, tally);
    }
    run.done += batch.size * gradientsOf(plan, attack);
    run.hooks.onEvent?.({ type: "progress", label: labelOf(model, attack), done: run.done, work: run.work });
  }
  if (first) record(run, cleanMeasurement(model, whiteBox, plan.seed));
  const common = {
    attack: attack.attack,
    threat,
    parameters: parametersOf(threat, options),
    seed: plan.seed,
  };
  record(run, whiteBoxMeasurement(model, run.models.get(model)!, { ...common, tally: whiteBox }));
  for (const [other, tally] of transfers) {
    record(run, transferMeasurement(other, model, { ...common, tally }));
  }
}

function record(run: Run, measurement: Measurement): void {
  run.measurements.push(measurement);
  run.hooks.onEvent?.({ type: "measurement", measurement });
}

function labelOf(model: string, { epsilon, steps }: PlannedAttack): string {
  return `${model}, ε ${Number(epsilon.toFixed(4))}, ${steps === null ? "gray image" : `${steps} steps`}`;
}

/** Options of PGD; null for the gray image, which has none. */
function pgdOptions(
  plan: EvaluationPlan,
  { steps, stepSize }: PlannedAttack,
  target: Target,
): Partial<PgdOptions> | null {
  if (steps === null) return null;
  return {
    steps,
    restarts: plan.restarts,
    randomStart: plan.randomStart,
    objective: plan.objective,
    draws: target.randomised ? plan.draws : 1,
    ...(stepSize === undefined ? {} : { stepSize }),
  };
}

async function scoreTransfer(
  other: Target,
  clean: Float32Array,
  indices: Uint32Array,
  outcome: AttackedBatch,
  tally: Tally,
): Promise<void> {
  const started = performance.now();
  const padded = (images: Float32Array): Float32Array => {
    const full = new Float32Array(other.batchSize * other.imageSize);
    full.set(images);
    return full;
  };
  const n = indices.length;
  const places = new Uint32Array(other.batchSize);
  places.set(indices);
  other.begin(places);
  const scored = {
    clean: predictions(await other.logits(padded(clean)), n, other.classCount),
    adversarial: predictions(await other.logits(padded(outcome.adversarial)), n, other.classCount),
  };
  tally.add({ indices, outcome, scored, seconds: (performance.now() - started) / 1000 });
}

function parametersOf(threat: ThreatModel, options: Partial<PgdOptions> | null): AttackParameters {
  if (options === null) {
    return {
      steps: null,
      stepSize: null,
      randomStart: null,
      restarts: null,
      objective: null,
      targeted: false,
    };
  }
  return { ...pgd.resolve(threat, options), targeted: false };
}

function checkModels(models: readonly EvaluatedModel[], dataset: Dataset, plan: EvaluationPlan): void {
  for (const { epsilon } of plan.attacks) checkThreat({ norm: plan.norm, epsilon });
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
