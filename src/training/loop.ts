import { setImmediate as nextTurn } from "node:timers/promises";
import { createAdversary, type Compile } from "../attacks/index.js";
import { createLoader, findClassFault, type Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import type { Classifier } from "../models/index.js";
import { openDevice, type Device } from "../runtime/index.js";
import { createGenerator, type Tensor } from "../tensor/index.js";
import { oneStep, type StepContext, type StepRecord } from "./step.js";
import { checkSettings } from "./check-settings.js";
import type { TrainingSettings } from "./settings/index.js";
import {
  initialState,
  shippedWeights,
  validatesBetter,
  type TrainingState,
  type ValidationRecord,
} from "./state.js";
import { describePlan, planMemory, type MemoryPlan } from "./memory-plan.js";
import { validate } from "./validate.js";
import { catastrophicOverfitting, createWatch } from "./watch.js";

/** What a warning of a training is about. */
export type TrainingWarningCode =
  | "collapse"
  | "catastrophic-overfitting"
  | "stopped-early"
  | "zero-gradient"
  | "diverged"
  | "log"
  | "device"
  | "memory";

/** How long a whole training is, and on how many images. */
export interface TrainingLength {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly images: number;
  readonly validationImages: number;
}

/** What a training says as it goes. */
export type TrainingEvent =
  | ({ readonly type: "start"; readonly step: number } & TrainingLength)
  | { readonly type: "notice"; readonly message: string }
  | ({ readonly type: "step"; readonly steps: number } & StepRecord)
  | ({ readonly type: "validation"; readonly best: boolean } & ValidationRecord)
  | {
      readonly type: "warning";
      readonly step: number;
      readonly code: TrainingWarningCode;
      readonly message: string;
    };

/** Progress, cancellation and checkpoints of a training. */
export interface TrainingHooks {
  /** Told of each event as it happens. */
  readonly onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
  /** Stops after the step under way, or during a validation; the returned state goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Where to go on from; step 0 by default. */
  readonly resume?: TrainingState | undefined;
  /** Called every `checkpointEvery` steps, after each validation, and when stopped. */
  readonly checkpoint?: ((state: TrainingState) => Promise<void>) | undefined;
  readonly compile?: Compile | undefined;
  /** What it runs on, opened; by default that of the settings. */
  readonly device?: Device | undefined;
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
  for (const dataset of [data.train, data.validation])
    if (dataset !== undefined) checkData(classifier, dataset);
  const run = await prepare(classifier, data, settings, hooks);
  try {
    const state = await iterate(run);
    const best = data.validation === undefined ? undefined : state.best;
    return {
      finished: (state.step === run.steps && !isUnvalidated(run, state)) || stopsEarly(state, settings),
      state,
      weights: best?.weights ?? shippedWeights(classifier, state),
    };
  } finally {
    await Promise.all([
      run.loader.dispose(),
      run.adversary?.dispose(),
      run.program.dispose(),
      run.parts?.part.dispose(),
      run.perturbation?.dispose(),
    ]);
  }
}

interface Run extends StepContext {
  readonly data: TrainingData;
  readonly hooks: TrainingHooks;
  readonly compiler: Compile;
  /** Images of a run of whatever sees them one by one. */
  readonly rows: number;
}

async function prepare(
  classifier: Classifier,
  data: TrainingData,
  settings: TrainingSettings,
  hooks: TrainingHooks,
): Promise<Run> {
  const { batchSize, threads, recipe } = settings;
  const replays = recipe.replays ?? 1;
  const random = createGenerator(settings.seed);
  const device = hooks.device ?? (await openDevice(settings.device ?? "cpu"));
  const compiler = hooks.compile ?? device.compile;
  const steps = stepsOf(settings, data.train.length);
  const loader = createLoader(data.train, {
    batchSize,
    random,
    steps: Math.ceil(steps / replays),
    ...(settings.augmentation === null ? {} : { augmentation: settings.augmentation }),
  });
  const { weights } = recipe;
  const plan = await planMemory(classifier, settings);
  const { update } = plan;
  await sayPlan(classifier, settings, plan, hooks);
  // Said outright: a deep network's update has more nodes than are optimised otherwise.
  const optimised = { threads, optimization: "all" } as const;
  const program = await compiler(update.graph, optimised);
  const parts =
    update.part === undefined
      ? undefined
      : { count: plan.parts, part: await compiler(update.part, optimised), step: program };
  const perturbation =
    update.perturbation === undefined ? undefined : await compiler(update.perturbation, optimised);
  const adversary =
    recipe.adversary === undefined || replays > 1
      ? undefined
      : createAdversary(classifier, recipe.adversary, {
          batchSize,
          rows: plan.rows,
          random,
          threads,
          lossWeights: weights,
          smoothed: settings.labelSmoothing > 0,
          compile: compiler,
        });
  return {
    classifier,
    data,
    settings,
    hooks,
    compiler,
    rows: plan.rows,
    parts,
    steps,
    random,
    loader,
    update,
    program,
    perturbation,
    adversary,
  };
}

/** Says how the steps are computed, or that they may not fit. */
async function sayPlan(
  classifier: Classifier,
  settings: TrainingSettings,
  plan: MemoryPlan,
  { onEvent, resume }: TrainingHooks,
): Promise<void> {
  const said = describePlan(plan, settings, classifier);
  if (said?.type === "notice") await onEvent?.({ type: "notice", message: said.message });
  if (said?.type === "warning") {
    await onEvent?.({ type: "warning", step: resume?.step ?? 0, code: "memory", message: said.message });
  }
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
  let saved = state.step;
  // The training was stopped during this validation.
  if (isUnvalidated(run, state)) {
    state = await validated(run, state);
    await hooks.checkpoint?.(state);
  }
  while (state.step < steps && hooks.signal?.aborted !== true && !stopsEarly(state, settings)) {
    const { next, record, logits } = await oneStep(run, state);
    const complaint = watch.observe(record.step, record.loss, logits);
    state = next;
    await hooks.onEvent?.({ type: "step", steps, ...record });
    if (complaint !== undefined) await warn(run, record.step, "collapse", complaint);
    const blind = watch.observeAdversary(run.adversary?.zeroGradientShare() ?? 0);
    if (blind !== undefined) await warn(run, record.step, "zero-gradient", blind);
    const validates = isUnvalidated(run, state);
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

async function warn({ hooks }: Run, step: number, code: TrainingWarningCode, message: string): Promise<void> {
  await hooks.onEvent?.({ type: "warning", step, code, message });
}

/** Whether the validations since the best one have used the patience up: a function of the state alone. */
function stopsEarly({ best, validations }: TrainingState, { validation }: TrainingSettings): boolean {
  const patience = validation.patience ?? null;
  if (patience === null || best === undefined) return false;
  return validations.filter(({ step }) => step > best.record.step).length >= patience;
}

/** Whether this step ends with a validation that the state does not hold yet. */
function isUnvalidated(
  { data, settings, loader, steps }: Run,
  { step, validations }: TrainingState,
): boolean {
  if (data.validation === undefined || step === 0 || validations.at(-1)?.step === step) return false;
  const every = Math.max(1, Math.round(settings.validation.every * loader.stepsPerEpoch));
  return step % every === 0 || step === steps;
}

/** The state with its validation; unchanged if the signal stopped it. */
async function validated(run: Run, state: TrainingState): Promise<TrainingState> {
  const { classifier, settings, hooks, data, compiler, rows } = run;
  const weights = shippedWeights(classifier, state);
  const validation = await validate(classifier, weights, data.validation!, {
    adversary: settings.recipe.adversary,
    steps: settings.validation.steps,
    batchSize: rows,
    seed: settings.seed,
    threads: settings.threads,
    compile: compiler,
    signal: hooks.signal,
  }).catch((error: unknown) => {
    if (hooks.signal?.aborted === true && error === hooks.signal.reason) return undefined;
    throw error;
  });
  if (validation === undefined) return state;
  const { collapsed, ...accuracies } = validation;
  const record: ValidationRecord = { step: state.step, ...accuracies };
  const best = validatesBetter(record, state.best?.record);
  await hooks.onEvent?.({ type: "validation", best, ...record });
  if (collapsed) {
    await warn(run, state.step, "collapse", "the classifier answers one class to every validation image.");
  }
  const overfitting = catastrophicOverfitting(record, state.best?.record);
  if (overfitting !== undefined) await warn(run, state.step, "catastrophic-overfitting", overfitting);
  const next = {
    ...state,
    best: best ? { record, weights } : state.best,
    validations: [...state.validations, record],
  };
  if (stopsEarly(next, settings) && next.step < run.steps) {
    const message = `no better validation in the last ${settings.validation.patience}: stopped early.`;
    await warn(run, state.step, "stopped-early", message);
  }
  return next;
}

function checkData(classifier: Classifier, dataset: Dataset): void {
  const shape = (of: Pick<Dataset, "channels" | "height" | "width">): string =>
    `${of.channels} × ${of.height} × ${of.width}`;
  if (shape(classifier) === shape(dataset) && classifier.classNames.length === dataset.classNames.length) {
    const fault = findClassFault(classifier, dataset);
    if (fault === undefined) return;
    throw new InputError({ place: `the model for ${dataset.name}`, ...fault });
  }
  throw new InputError({
    place: dataset.name,
    problem:
      `has images of ${shape(dataset)} (channels × height × width) in ${dataset.classNames.length} classes; ` +
      `the model reads ${shape(classifier)} in ${classifier.classNames.length}`,
    remedy: "Make the model for this dataset, or have the images resized when they are read.",
  });
}
