import { setImmediate as nextTurn } from "node:timers/promises";
import { argMax, createAdversary, oneHot, type Adversary, type Compile } from "../attacks/index.js";
import { createLoader, type Batch, type Dataset, type Loader } from "../data/index.js";
import { InputError } from "../errors/index.js";
import { drawRandomInputs, type Classifier } from "../models/index.js";
import { compile, type Feeds, type Program } from "../runtime/index.js";
import { createGenerator, tensor, type RandomGenerator, type Tensor } from "../tensor/index.js";
import { linearWarmup, scheduleFactor } from "./schedule.js";
import { checkSettings, type TrainingSettings } from "./settings.js";
import {
  initialState,
  shippedWeights,
  validatesBetter,
  weightNames,
  type TrainingState,
  type ValidationRecord,
} from "./state.js";
import { UPDATE, updateGraph, type UpdateGraph } from "./update-graph.js";
import { validate } from "./validate.js";
import { createWatch } from "./watch.js";

/** What one step came to. */
export interface StepRecord {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  /** Mean of each unweighted term. */
  readonly terms: Readonly<Record<string, number>>;
  /** Accuracy on the step's own images: the adversarial ones where there are any. */
  readonly accuracy: number;
  readonly learningRate: number;
  readonly epsilon: number | null;
}

export type TrainingEvent =
  | {
      readonly type: "start";
      readonly steps: number;
      readonly step: number;
      readonly stepsPerEpoch: number;
      readonly images: number;
      readonly validationImages: number;
    }
  | ({ readonly type: "step"; readonly steps: number } & StepRecord)
  | ({ readonly type: "validation"; readonly best: boolean } & ValidationRecord)
  | { readonly type: "warning"; readonly step: number; readonly code: "collapse"; readonly message: string };

export interface TrainingHooks {
  readonly onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
  /** Stops after the step under way; the returned state goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Where to go on from; step 0 by default. */
  readonly resume?: TrainingState | undefined;
  /** Called every `checkpointEvery` steps, after each validation, and when stopped. */
  readonly checkpoint?: ((state: TrainingState) => Promise<void>) | undefined;
  readonly compile?: Compile | undefined;
}

export interface TrainingData {
  readonly train: Dataset;
  /** Disjoint from the training images; undefined: the last weights are kept. */
  readonly validation: Dataset | undefined;
}

export interface TrainingOutcome {
  readonly finished: boolean;
  readonly state: TrainingState;
  /** The weights to ship: those that validated best, or the last ones. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Steps of a whole training. */
export function stepsOf({ epochs, batchSize }: TrainingSettings, images: number): number {
  return Math.max(1, Math.round(epochs * Math.floor(images / batchSize)));
}

/**
 * Trains a classifier: each step crafts the adversarial half with the weights as they are
 * (BatchNorm in eval mode), then runs the update graph on both halves.
 *
 * The weights after step t are a function of the classifier, the data, the settings and t:
 * going on from any state gives the same bytes as never having stopped.
 *
 * @throws UsageError on wrong settings; InputError where data and classifier do not fit;
 * DivergedError when the loss is no longer finite.
 */
export async function trainClassifier(
  classifier: Classifier,
  data: TrainingData,
  settings: TrainingSettings,
  hooks: TrainingHooks = {},
): Promise<TrainingOutcome> {
  checkSettings(settings);
  checkData(classifier, data.train);
  const run = await prepare(classifier, data, settings, hooks);
  try {
    const state = await iterate(run);
    const best = data.validation === undefined ? undefined : state.best;
    return {
      finished: state.step === run.steps,
      state,
      weights: best?.weights ?? shippedWeights(classifier, state),
    };
  } finally {
    await Promise.all([run.loader.dispose(), run.program.dispose()]);
  }
}

interface Run {
  readonly classifier: Classifier;
  readonly data: TrainingData;
  readonly settings: TrainingSettings;
  readonly hooks: TrainingHooks;
  readonly steps: number;
  readonly random: RandomGenerator;
  readonly loader: Loader;
  readonly update: UpdateGraph;
  readonly program: Program;
  readonly adversary: Adversary | undefined;
}

async function prepare(
  classifier: Classifier,
  data: TrainingData,
  settings: TrainingSettings,
  hooks: TrainingHooks,
): Promise<Run> {
  const { batchSize, threads, recipe } = settings;
  const random = createGenerator(settings.seed);
  const compiler = hooks.compile ?? compile;
  const steps = stepsOf(settings, data.train.length);
  const loader = createLoader(data.train, {
    batchSize,
    random,
    steps,
    ...(settings.augmentation === null ? {} : { augmentation: settings.augmentation }),
  });
  const update = updateGraph(classifier, {
    batchSize,
    weights: recipe.weights,
    optimiser: settings.optimiser,
    decayAll: settings.decayAll,
    clipNorm: settings.clipNorm ?? undefined,
    ema: settings.emaDecay > 0,
  });
  const program = await compiler(update.graph, { threads });
  const adversary =
    recipe.adversary &&
    createAdversary(classifier, recipe.adversary, {
      batchSize,
      random,
      threads,
      lossWeights: recipe.weights,
      compile: compiler,
    });
  return { classifier, data, settings, hooks, steps, random, loader, update, program, adversary };
}

async function iterate(run: Run): Promise<TrainingState> {
  const { hooks, settings, steps, loader, data } = run;
  const watch = createWatch(run.classifier.classNames);
  let state = hooks.resume ?? initialState(run.classifier, run.update, run.program);
  await hooks.onEvent?.({
    type: "start",
    steps,
    step: state.step,
    stepsPerEpoch: loader.stepsPerEpoch,
    images: data.train.length,
    validationImages: data.validation?.length ?? 0,
  });
  const validateEvery = Math.max(1, Math.round(settings.validation.every * loader.stepsPerEpoch));
  let saved = state.step;
  while (state.step < steps && hooks.signal?.aborted !== true) {
    const { next, record, logits } = await oneStep(run, state);
    const complaint = watch.observe(record.step, record.loss, logits);
    state = next;
    await hooks.onEvent?.({ type: "step", steps, ...record });
    if (complaint !== undefined) await warn(run, record.step, complaint);
    const validates = data.validation && (state.step % validateEvery === 0 || state.step === steps);
    if (validates) state = await validated(run, state);
    if (validates || state.step % settings.checkpointEvery === 0 || state.step === steps) {
      await hooks.checkpoint?.(state);
      saved = state.step;
    }
    // ONNX Runtime holds the thread while it runs: give signals and timers their turn.
    await nextTurn();
  }
  if (saved !== state.step) await hooks.checkpoint?.(state);
  return state;
}

async function warn({ hooks }: Run, step: number, message: string): Promise<void> {
  await hooks.onEvent?.({ type: "warning", step, code: "collapse", message });
}

async function validated(run: Run, state: TrainingState): Promise<TrainingState> {
  const { classifier, settings, hooks, data } = run;
  const weights = shippedWeights(classifier, state);
  const { collapsed, ...accuracies } = await validate(classifier, weights, data.validation!, {
    adversary: settings.recipe.adversary,
    steps: settings.validation.steps,
    batchSize: settings.batchSize,
    seed: settings.seed,
    threads: settings.threads,
    compile: hooks.compile,
  });
  const record: ValidationRecord = { step: state.step, ...accuracies };
  const best = validatesBetter(record, state.best?.record);
  await hooks.onEvent?.({ type: "validation", best, ...record });
  if (collapsed) await warn(run, state.step, "the classifier answers one class to every validation image.");
  return {
    ...state,
    best: best ? { record, weights } : state.best,
    validations: [...state.validations, record],
  };
}

interface StepOutcome {
  readonly next: TrainingState;
  readonly record: StepRecord;
  readonly logits: Float32Array;
}

async function oneStep(run: Run, state: TrainingState): Promise<StepOutcome> {
  const { settings, steps, classifier, update } = run;
  const { step } = state;
  const spec = settings.recipe.adversary;
  const epsilon = spec && spec.epsilon * linearWarmup(step, Math.round(settings.epsilonWarmup * steps));
  const learningRate =
    settings.learningRate *
    scheduleFactor(settings.schedule, step, steps) *
    linearWarmup(step, Math.round(settings.warmup * steps));
  const batch = await run.loader.batch(step);
  const labels = oneHot(batch.labels, classifier.classNames.length, settings.labelSmoothing);
  const images = await bothHalves(run, state, batch, labels, epsilon);
  const outputs = await run.program.run({
    ...Object.fromEntries(state.tensors),
    ...scalarFeeds(run, step, learningRate),
    [classifier.image]: images,
    ...drawRandomInputs(
      classifier,
      Uint32Array.from({ length: images.shape[0]! }, (_, i) => i),
      {
        random: run.random,
        purpose: "update",
        draw: step,
      },
    ),
    [UPDATE.oneHot]: tensor("float32", [batch.size, classifier.classNames.length], labels),
  });
  const scalarOf = (name: string): number => (outputs[name]!.data as Float32Array)[0]!;
  const logits = outputs[UPDATE.logits]!.data as Float32Array;
  return {
    next: {
      ...state,
      step: step + 1,
      tensors: new Map(update.state.map((name) => [name, outputs[UPDATE.next(name)]!])),
    },
    record: {
      step: step + 1,
      loss: scalarOf(UPDATE.loss),
      terms: Object.fromEntries(update.terms.map((name) => [name, scalarOf(UPDATE.term(name))])),
      accuracy: accuracyOf(logits, batch.labels, classifier.classNames.length),
      learningRate,
      epsilon: epsilon ?? null,
    },
    logits,
  };
}

/** `[N, C, H, W]`, or `[2N, C, H, W]`: the halves that the update graph weighs. */
async function bothHalves(
  run: Run,
  state: TrainingState,
  batch: Batch,
  labels: Float32Array,
  epsilon: number | undefined,
): Promise<Tensor> {
  const { adversary, classifier, update } = run;
  const weights = new Map(weightNames(classifier).map((name) => [name, state.tensors.get(name)!]));
  const perturbed =
    adversary === undefined
      ? batch.images
      : await adversary.perturb({ images: batch.images, oneHot: labels }, weights, {
          epsilon: epsilon!,
          step: state.step,
        });
  const shape = [batch.size, classifier.channels, classifier.height, classifier.width];
  if (update.halves.length === 1) {
    return tensor("float32", shape, update.halves[0] === "clean" ? batch.images : perturbed);
  }
  const both = new Float32Array(2 * batch.images.length);
  both.set(batch.images);
  both.set(perturbed, batch.images.length);
  return tensor("float32", [2 * batch.size, ...shape.slice(1)], both);
}

function scalarFeeds({ program, settings }: Run, step: number, learningRate: number): Feeds {
  const { optimiser, emaDecay } = settings;
  const values: Record<string, number> = { [UPDATE.learningRate]: learningRate };
  if (optimiser.kind !== "sgd") {
    values[UPDATE.biasCorrection1] = 1 - optimiser.beta1 ** (step + 1);
    values[UPDATE.biasCorrection2] = 1 - optimiser.beta2 ** (step + 1);
  }
  // The average must forget the first weights, however long its memory.
  values[UPDATE.emaDecay] = Math.min(emaDecay, (1 + step) / (10 + step));
  const asked = new Set(program.inputs.map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => asked.has(name))
      .map(([name, value]) => [name, tensor("float32", [], Float32Array.of(value))]),
  );
}

function accuracyOf(logits: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  labels.forEach((label, i) => {
    if (argMax(logits, i * classes, classes) === label) correct++;
  });
  return correct / labels.length;
}

function checkData(classifier: Classifier, dataset: Dataset): void {
  const shape = (of: Pick<Dataset, "channels" | "height" | "width">): string =>
    `${of.channels} × ${of.height} × ${of.width}`;
  if (shape(classifier) === shape(dataset) && classifier.classNames.length === dataset.classNames.length) {
    return;
  }
  throw new InputError({
    place: dataset.name,
    problem:
      `has images of ${shape(dataset)} (channels × height × width) in ${dataset.classNames.length} classes; ` +
      `the model reads ${shape(classifier)} in ${classifier.classNames.length}`,
    remedy: "Make the model for this dataset, or have the images resized when they are read.",
  });
}
