import {
  costOf,
  createTarget,
  predictions,
  type Compile,
  type PlannedAttack,
  type Target,
} from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { InterruptedError, UsageError } from "../errors/index.js";
import { fixedBatchSize, type Classifier } from "../models/index.js";
import { createGenerator, type RandomGenerator } from "../tensor/index.js";
import { attackDataset, type Outcome } from "./attack-dataset.js";
import { datasetBatches } from "./batches.js";
import { checkFit } from "./fit.js";
import { cleanMeasurement, transferMeasurement, whiteBoxMeasurement } from "./measurement.js";
import {
  planEvaluation,
  workOf,
  type EvaluateOptions,
  type EvaluationPlan,
  type PlannedMeasurement,
} from "./plan.js";
import type { Measurement } from "./result.js";
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
  const plan = withinFixedBatches(planEvaluation(options), models);
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
    clean: new Map(),
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
  /** What each model says of the clean images, where that was asked. */
  readonly clean: Map<string, number[]>;
  done: number;
  work: number;
}

/** Batches that every model takes: a file that fixes its batch is fed no more, and padded where there is less. */
function withinFixedBatches(plan: EvaluationPlan, models: readonly EvaluatedModel[]): EvaluationPlan {
  const fixed = models.flatMap(({ classifier }) => fixedBatchSize(classifier) ?? []);
  return { ...plan, batchSize: Math.min(plan.batchSize, ...fixed) };
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
async function measure(run: Run, model: string, planned: PlannedMeasurement, first: boolean): Promise<void> {
  const { plan, dataset, targets, hooks } = run;
  const target = targets.get(model)!;
  const attack = drawnOnlyWhereRandom(planned, target);
  const whiteBox = createTally();
  const transfers =
    planned.transfer && plan.transferFrom.includes(model)
      ? [...targets.keys()].filter((other) => other !== model).map((other) => openTransfer(run, other))
      : [];
  const started = performance.now();
  const most = costOf(attack).gradient * dataset.length;
  let gradients = 0;
  const progress = (): void => {
    const done = run.done + Math.min(gradients, most);
    hooks.onEvent?.({ type: "progress", label: labelOf(model, attack), done, work: run.work });
  };
  const outcomes = attackDataset(target, dataset, attack, {
    random: run.random,
    signal: hooks.signal,
    onRun: (kind, images) => {
      if (kind === "gradient") gradients += images;
      progress();
    },
  });
  for await (const outcome of outcomes) {
    whiteBox.add(outcome);
    for (const transfer of transfers) await transfer.add(outcome);
  }
  whiteBox.seconds = (performance.now() - started) / 1000;
  for (const { tally, finish } of transfers) {
    await finish();
    whiteBox.seconds -= tally.seconds;
  }
  gradients = most;
  progress();
  run.done += most;
  if (first) record(run, cleanMeasurement(model, whiteBox, plan.seed));
  const common = { planned: attack, seed: plan.seed };
  record(run, whiteBoxMeasurement(model, run.models.get(model)!, { ...common, tally: whiteBox }));
  for (const { other, tally } of transfers) {
    record(run, transferMeasurement(other, model, { ...common, tally }));
  }
}

function record(run: Run, measurement: Measurement): void {
  run.measurements.push(measurement);
  run.hooks.onEvent?.({ type: "measurement", measurement });
}

function labelOf(model: string, { attack, threat, options }: PlannedAttack): string {
  const steps = options["steps"] === undefined ? attack.label : `${options["steps"] as number} steps`;
  return `${model}, ε ${Number(threat.epsilon.toFixed(4))}, ${steps}`;
}

/** Gradients are averaged over draws only where the model draws: on others the attack takes one. */
function drawnOnlyWhereRandom(planned: PlannedMeasurement, { randomised }: Target): PlannedMeasurement {
  if (randomised || planned.options["draws"] === undefined) return planned;
  return { ...planned, options: { ...planned.options, draws: 1 } };
}

interface Transfer {
  readonly other: string;
  readonly tally: Tally;
  /** Keeps the outcome until a batch is full, and then scores it on the other model. */
  readonly add: (outcome: Outcome) => Promise<void>;
  readonly finish: () => Promise<void>;
}

function openTransfer(run: Run, other: string): Transfer {
  const target = run.targets.get(other)!;
  const tally = createTally();
  let waiting: Outcome[] = [];
  const score = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const started = performance.now();
    const clean = await cleanPredictions(run, other);
    const indices = waiting.map(({ index }) => index);
    const images = joined(waiting.map(({ value }) => value.adversarial));
    // A randomised model drew for the clean images first.
    const answers = await target.logits(images, { indices, draw: target.samples });
    const said = predictions(answers, waiting.length, target.classCount);
    waiting.forEach((outcome, i) =>
      tally.add(outcome, { clean: clean[outcome.place]!, adversarial: said[i]! }),
    );
    waiting = [];
    tally.seconds += (performance.now() - started) / 1000;
  };
  return {
    other,
    tally,
    async add(outcome) {
      waiting.push(outcome);
      if (waiting.length === target.batchSize) await score();
    },
    finish: score,
  };
}

/** What a model says of the clean images. */
async function cleanPredictions(run: Run, model: string): Promise<readonly number[]> {
  let found = run.clean.get(model);
  if (found === undefined) {
    const target = run.targets.get(model)!;
    found = [];
    for await (const { images, indices, size } of datasetBatches(run.dataset, target.batchSize)) {
      const logits = await target.logits(images, { indices });
      found.push(...predictions(logits, size, target.classCount));
    }
    run.clean.set(model, found);
  }
  return found;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checkModels(models: readonly EvaluatedModel[], dataset: Dataset, plan: EvaluationPlan): void {
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
