/** From what was typed to the settings of a run, and back to words. */
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../errors/index.js";
import type { Augmentation } from "../data/index.js";
import type { Recipe } from "../defences/index.js";
import type { ImportSettings, OptimiserSpec, RunOptions, TrainingSettings } from "../training/index.js";
import { checkLengths } from "./attack-options.js";
import { ownShape } from "./images.js";
import { descriptionOf, modelPath } from "./models.js";
import { checkFolder } from "./outputs.js";
import { readModel } from "./reading.js";
import { openOptionsOf } from "./shared-options.js";
import { createSkippedWarner, createUndividedTeller, formatPercent, type Terminal } from "./terminal.js";
import { toolInfo } from "./tool.js";
import type { TrainOptions } from "./training-options.js";
import { formatEpsilon } from "./values.js";

/** A run of these options, described on the terminal; `within`: the folder of what names none of its own. */
export async function newRun(
  options: TrainOptions,
  terminal: Terminal,
  within = "runs",
): Promise<RunOptions> {
  const { checkSettings, isImport, withModelShape, withUsualValidation } =
    await import("../training/index.js");
  const importing = isImport(options.model);
  if (!importing) refuseImportOptions(options);
  if (
    !importing &&
    options.init === undefined &&
    (options.freezeTrunk === true || options.trunkLearningRate === 0)
  ) {
    throw new UsageError({
      place: "--freeze-trunk",
      problem: "would leave all but the last layer as it was drawn at random",
      remedy: "Give the weights to begin with: --init resnet50.safetensors, or a trained --model model.onnx.",
    });
  }
  if (options.out !== undefined) checkFolder("--out", options.out);
  const settings = await settingsOf(options);
  // Reading large data takes its time: what was mistyped is said before.
  checkSettings(settings);
  const said: RunOptions = {
    data: options.data,
    // A run that is resumed has said what it leaves out when it began.
    dataOptions: {
      ...openOptionsOf(options),
      // With a validation set of its own nothing need be held out from what is trained on, or from that set.
      ...(options.validationData === undefined ? {} : { whole: true }),
      onSkipped: createSkippedWarner(terminal),
      onUndivided: createUndividedTeller(terminal),
    },
    validationData: options.validationData,
    initial: options.init,
    limit: options.limit,
    model: options.model,
    ...(importing ? { imported: await importSettingsOf(options, terminal) } : {}),
    settings,
    out: options.out ?? `${within}/${nameOf(options.data)}-${settings.recipe.name}`,
    tool: toolInfo(),
  };
  const decided = options.validation !== undefined || options.validationData !== undefined;
  const shaped = await withModelShape(said);
  const run = decided ? shaped : await withUsualValidation(shaped);
  terminal.note(await describeSettings(options, run.settings, run.out));
  return run;
}

const IMPORT_ONLY = [
  "head",
  "taps",
  "mean",
  "std",
  "pixelRange",
  "layout",
  "channelOrder",
  "output",
  "straightThrough",
] as const;

/** The built-in networks take pixels as they are, and their layers are known. */
function refuseImportOptions(options: TrainOptions): void {
  const name = IMPORT_ONLY.find((each) => options[each] !== undefined);
  if (name === undefined) return;
  throw new UsageError({
    place: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    problem: `is for a model that is read from a file, and --model ${options.model} is built in`,
    remedy: "Leave it out, or name an .onnx classifier as --model.",
  });
}

/** How the file's images are made, from the same places as for every other command; size and channels are the data's. */
async function importSettingsOf(options: TrainOptions, terminal: Terminal): Promise<ImportSettings> {
  const { head, taps } = options;
  const { path } = modelPath(options.model);
  const name = basename(options.model).replace(/\.onnx$/i, "");
  const request = { path, name, given: descriptionOf(options), imageShape: () => ownShape(options) };
  const { isSettled, description } = await readModel(request, terminal);
  if (!isSettled) {
    terminal.warn(
      `${name}: nothing says how its pixels are read: they are given in [0, 1]. Say it with --mean, --std and --pixel-range, or ` +
        `find it out: holdfast inspect ${options.model} --data … --write`,
    );
  }
  const { mean, std, range, layout, channelOrder, output } = description;
  const { straightThrough } = options;
  const said = Object.entries({ mean, std, range, layout, channelOrder, output, straightThrough, taps });
  return { head, options: Object.fromEntries(said.filter(([, value]) => value !== undefined)) };
}

/** `mnist:train` → `mnist`, `a/photos/` → `photos`. */
function nameOf(data: string): string {
  const name = data
    .replace(/:.*$/, "")
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1);
  return name === undefined || name === "" || /^\.+$/.test(name) ? "data" : name;
}

async function settingsOf(options: TrainOptions): Promise<TrainingSettings> {
  const { DEFAULT_TRAINING, OPTIMISERS, SCHEDULES } = await import("../training/index.js");
  const { optimiser, weightDecay } = options;
  const decay = weightDecay === undefined ? {} : { weightDecay };
  const { flip, cropPadding, resizedCrop, rotation, brightness, contrast, saturation, hue } = options;
  const wanted = {
    horizontalFlip: flip,
    cropPadding,
    resizedCrop: resizedCrop === undefined ? undefined : { area: [resizedCrop, 1] as const },
    rotation,
    brightness,
    contrast,
    saturation,
    hue,
  };
  const augmentation: Augmentation = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== undefined),
  );
  const sgd = { momentum: options.momentum, nesterov: options.nesterov ?? false };
  return {
    ...DEFAULT_TRAINING,
    recipe: await recipeOf(options),
    epochs: options.epochs,
    batchSize: options.batchSize,
    optimiser: { ...OPTIMISERS[optimiser], ...(optimiser === "sgd" ? sgd : {}), ...decay } as OptimiserSpec,
    learningRate: options.learningRate ?? (optimiser === "sgd" ? 0.1 : DEFAULT_TRAINING.learningRate),
    schedule: SCHEDULES[options.schedule],
    warmup: options.warmup,
    epsilonWarmup: options.epsilonWarmup,
    clipNorm: options.clipNorm ?? null,
    emaDecay: options.ema,
    labelSmoothing: options.labelSmoothing,
    ...(options.freezeTrunk === true
      ? { trunkLearningRate: 0 }
      : options.trunkLearningRate === undefined
        ? {}
        : { trunkLearningRate: options.trunkLearningRate }),
    augmentation: Object.keys(augmentation).length === 0 ? null : augmentation,
    validation: {
      images: options.validation ?? DEFAULT_TRAINING.validation.images,
      every: options.validateEvery,
      steps: options.validationSteps,
      patience: options.patience ?? null,
    },
    checkpointEvery: options.checkpointEvery,
    seed: options.seed,
    threads: options.threads ?? availableParallelism(),
  };
}

async function recipeOf(options: TrainOptions): Promise<Recipe> {
  const { findRecipe, isRecipeFile, readRecipeFile } = await import("../defences/index.js");
  const file = isRecipeFile(options.recipe);
  const recipe = file ? await readRecipeFile(options.recipe) : findRecipe(options.recipe);
  const { adversary, weights } = recipe;
  // A file says its own ε; a recipe of ours is used with what the data are usually attacked with.
  const usual = nameOf(options.data) === "mnist" ? 0.3 : 8 / 255;
  const epsilon = options.epsilon ?? (file ? (adversary?.epsilon ?? usual) : usual);
  const { alpha, beta, stepSize } = options;
  if (adversary !== undefined) await checkLengths(options.norm ?? adversary.norm, options);
  return {
    ...recipe,
    adversary: adversary && {
      ...adversary,
      norm: options.norm ?? adversary.norm,
      epsilon,
      ...(options.steps === undefined ? {} : { steps: options.steps, relativeStepSize: 2.5 / options.steps }),
      ...(stepSize === undefined ? {} : { relativeStepSize: stepSize / epsilon }),
      randomStart: options.randomStart && adversary.randomStart,
    },
    weights: {
      ...weights,
      ...(alpha === undefined ? {} : { logitPairing: alpha }),
      ...(beta === undefined ? {} : { attentionPairing: beta }),
    },
  };
}

/** Options that were typed beside `--resume`, as paths into the run's configuration. */
export async function askedOf(options: TrainOptions, command: Command): Promise<Record<string, unknown>> {
  const typed = (name: keyof TrainOptions): boolean => command.getOptionValueSource(name) === "cli";
  const settings = await settingsOf(options);
  const paths: Partial<Record<keyof TrainOptions, readonly [path: string, value: unknown]>> = {
    data: ["data", options.data],
    validationData: ["validationData", options.validationData],
    model: ["model", options.model],
    mean: ["imported.options.mean", options.mean],
    std: ["imported.options.std", options.std],
    pixelRange: ["imported.options.range", options.pixelRange],
    layout: ["imported.options.layout", options.layout],
    output: ["imported.options.output", options.output],
    taps: ["imported.options.taps", options.taps],
    head: ["imported.newHead", options.head === "new"],
    limit: ["limit", options.limit],
    recipe: ["settings.recipe.name", settings.recipe.name],
    epochs: ["settings.epochs", settings.epochs],
    batchSize: ["settings.batchSize", settings.batchSize],
    optimiser: ["settings.optimiser.kind", options.optimiser],
    weightDecay: ["settings.optimiser.weightDecay", options.weightDecay],
    momentum: ["settings.optimiser.momentum", options.momentum],
    learningRate: ["settings.learningRate", options.learningRate],
    schedule: ["settings.schedule.kind", options.schedule],
    warmup: ["settings.warmup", options.warmup],
    clipNorm: ["settings.clipNorm", options.clipNorm],
    ema: ["settings.emaDecay", options.ema],
    labelSmoothing: ["settings.labelSmoothing", options.labelSmoothing],
    norm: ["settings.recipe.adversary.norm", options.norm],
    epsilon: ["settings.recipe.adversary.epsilon", options.epsilon],
    steps: ["settings.recipe.adversary.steps", options.steps],
    randomStart: ["settings.recipe.adversary.randomStart", options.randomStart],
    epsilonWarmup: ["settings.epsilonWarmup", options.epsilonWarmup],
    alpha: ["settings.recipe.weights.logitPairing", options.alpha],
    beta: ["settings.recipe.weights.attentionPairing", options.beta],
    validation: ["settings.validation.images", options.validation],
    validateEvery: ["settings.validation.every", options.validateEvery],
    validationSteps: ["settings.validation.steps", options.validationSteps],
    patience: ["settings.validation.patience", options.patience],
    seed: ["settings.seed", options.seed],
    threads: ["settings.threads", options.threads],
  };
  return Object.fromEntries(
    Object.entries(paths)
      .filter(([name]) => typed(name as keyof TrainOptions))
      .map(([, entry]) => entry),
  );
}

async function describeSettings(
  options: TrainOptions,
  settings: TrainingSettings,
  out: string,
): Promise<string> {
  const { TERMS, weighedTerms } = await import("../losses/index.js");
  const { recipe, optimiser, validation } = settings;
  const { adversary } = recipe;
  const terms = weighedTerms(recipe.weights);
  const lines = [
    `Training ${options.model} on ${options.data} with ${recipe.title} (${recipe.name}) in ${out}`,
    `  ${settings.epochs} epochs, batch ${settings.batchSize}, ${optimiser.kind}, learning rate ${settings.learningRate} ` +
      `(${settings.schedule.kind}), weight decay ${optimiser.weightDecay}, seed ${settings.seed}, ${settings.threads} threads`,
    adversary === undefined
      ? "  no adversary"
      : `  adversary: PGD, ${adversary.norm}, ε ${formatEpsilon(adversary.epsilon)}, ${adversary.steps} steps of ` +
        `${formatEpsilon(adversary.epsilon * adversary.relativeStepSize)}, ` +
        `${adversary.randomStart ? "random start" : "no random start"}, ε rising over ${formatPercent(settings.epsilonWarmup)} of the steps`,
    `  loss: ${terms.map(([name, weight]) => `${weight} · ${TERMS[name].title}`).join(" + ")}`,
    validation.images === 0
      ? "  no validation: the last weights are kept"
      : `  best weights by ${validation.images} validation images every ${validation.every} epoch(s)` +
        (adversary === undefined ? "" : `, PGD-${validation.steps}`),
  ];
  return lines.join("\n");
}
