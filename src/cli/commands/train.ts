import { availableParallelism } from "node:os";
import { Option, type Command } from "commander";
import type { Augmentation } from "../../data/index.js";
import type { Recipe } from "../../defences/index.js";
import type { OptimiserSpec, RunEvent, Schedule, TrainingSettings } from "../../training/index.js";
import { withInterrupt } from "../interrupt.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  openOptionsOf,
  type CommonOptions,
  type ComputeOptions,
  type DataOptions,
} from "../shared-options.js";
import { createTerminal, formatPercent, type Progress, type Terminal } from "../terminal.js";
import { toolInfo } from "../tool.js";
import { count, countOrNone, formatEpsilon, fraction, notNegative, positive } from "../values.js";

export interface TrainOptions extends CommonOptions, ComputeOptions, DataOptions {
  readonly recipe: string;
  readonly model: string;
  readonly out?: string;
  readonly resume?: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserSpec["kind"];
  readonly momentum: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly learningRate?: number;
  readonly schedule: Schedule["kind"];
  readonly warmup: number;
  readonly clipNorm?: number;
  readonly ema: number;
  readonly labelSmoothing: number;
  readonly norm: "linf" | "l2";
  readonly epsilon?: number;
  readonly steps?: number;
  readonly stepSize?: number;
  readonly randomStart: boolean;
  readonly epsilonWarmup: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly flip?: number;
  readonly cropPadding?: number;
  readonly rotation?: number;
  readonly resizedCrop?: number;
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
  readonly validation: number;
  readonly validationData?: string;
  readonly validateEvery: number;
  readonly validationSteps: number;
  readonly patience?: number;
  readonly checkpointEvery: number;
}

const EXAMPLES = `
Examples:
  holdfast train --data mnist --recipe at-alp --out runs/at-alp
  holdfast train --data photos/ --size 64 --recipe pat --epsilon 8/255 --epochs 30 --flip 0.5
  holdfast train --resume runs/at-alp

The run folder holds model.onnx (the finished classifier), config.json, log.jsonl,
checkpoints/ and manifest.json. Ctrl-C finishes the step under way and saves.`;

export function trainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("train a classifier, defended or not, in a run folder")
    .option("--out <folder>", "the run folder (default: runs/<data>-<recipe>)")
    .option("--resume <folder>", "go on with a run; needs no other option");
  trainingOptions(command);
  command.addHelpText("after", EXAMPLES).action((options: TrainOptions) => train(options, command));
}

/** Everything that says what is trained and how. */
export function trainingOptions(command: Command): void {
  command
    .option(
      "--recipe <name>",
      "undefended, igr, pat, rat, randomization, alp, fd, at, at-alp; trades, mart, awp, fast, free",
      "at-alp",
    )
    .option(
      "--model <name>",
      "resnet-mini (28² to 64²), resnet18-narrow, resnet34-narrow (64² to 96²) or resnet18, 34, 50, 101, 152",
      "resnet-mini",
    );
  dataOptions(command, "mnist");
  optimisationOptions(command);
  adversaryOptions(command);
  imageAndValidationOptions(command);
  commonOptions(computeOptions(command));
}

function optimisationOptions(command: Command): void {
  command
    .option("--epochs <n>", "passes over the training images", positive, 3)
    .option("--batch-size <n>", "clean images a step", count, 128)
    .addOption(
      new Option("--optimiser <name>", "optimiser").choices(["sgd", "adam", "adamw"]).default("adam"),
    )
    .option("--momentum <x>", "of sgd", notNegative, 0.9)
    .option("--nesterov", "Nesterov's momentum, with sgd")
    .option("--weight-decay <x>", "(default: 5e-4 with sgd, 0 with adam, 0.01 with adamw)", notNegative)
    .option("--learning-rate <x>", "peak learning rate (default: 0.1 with sgd, else 5e-3)", positive)
    .addOption(
      new Option("--schedule <name>", "learning-rate schedule")
        .choices(["constant", "step", "cosine", "one-cycle"])
        .default("one-cycle"),
    )
    .option("--warmup <share>", "share of the steps in which the learning rate rises linearly", fraction, 0)
    .option("--clip-norm <x>", "greatest norm of the gradient (default: no limit)", positive)
    .option("--ema <decay>", "average the weights, keeping this share a step; 0: no", fraction, 0)
    .option("--label-smoothing <share>", "share of each label spread over all classes", fraction, 0);
}

function adversaryOptions(command: Command): void {
  command
    .addOption(new Option("--norm <name>", "norm of the adversary").choices(["linf", "l2"]).default("linf"))
    .option("--epsilon <x>", "radius, in pixels of [0, 1] (default: 0.3 for mnist, else 8/255)", positive)
    .option("--steps <n>", "PGD steps of the adversary (default: the recipe's, 7 mostly)", count)
    .option("--step-size <x>", "of the adversary (default: the recipe's, or 2.5 ε / steps)", positive)
    .option("--no-random-start", "start the adversary at the image itself")
    .option("--epsilon-warmup <share>", "share of the steps in which ε rises linearly", fraction, 0.4)
    .option("--alpha <x>", "weight of logit pairing (default: the recipe's)", notNegative)
    .option("--beta <x>", "weight of attention pairing (default: the recipe's)", notNegative);
}

function imageAndValidationOptions(command: Command): void {
  command
    .option("--flip <p>", "mirror training images with this probability", fraction)
    .option("--crop-padding <n>", "random crop after zero padding of n pixels", count)
    .option(
      "--resized-crop <share>",
      "random crop of at least this share of the area, resized back",
      fraction,
    )
    .option("--brightness <x>", "multiply by a factor in [1 − x, 1 + x]", fraction)
    .option("--contrast <x>", "the same for the distance from the image's mean gray", fraction)
    .option("--saturation <x>", "the same for the distance from each pixel's gray", fraction)
    .option("--hue <turns>", "turn the colours by up to this share of the circle, at most 0.5", fraction)
    .option("--rotation <degrees>", "rotate training images up to this angle either way", positive)
    .option(
      "--validation <n>",
      "images split off to choose the best weights; 0: keep the last",
      countOrNone,
      1000,
    )
    .option("--validation-data <name>", "draw them from here instead, such as 17flowers:val")
    .option("--validate-every <n>", "epochs between validations", positive, 1)
    .option("--validation-steps <n>", "PGD steps in validation", count, 10)
    .option("--patience <n>", "stop after n validations without a better one (default: never)", count)
    .option("--checkpoint-every <n>", "steps between checkpoints", count, 200);
}

async function train(options: TrainOptions, command: Command): Promise<void> {
  const { trainRun, resumeRun } = await import("../../training/index.js");
  const terminal = createTerminal(options);
  await withInterrupt(async (signal) => {
    const shown = createTrainingDisplay(terminal);
    const hooks = { signal, onEvent: shown.onEvent };
    try {
      const finished =
        options.resume === undefined
          ? await trainRun(await newRun(options, terminal), hooks)
          : await resumeRun(options.resume, hooks, await askedOf(options, command));
      shown.stop();
      const { folder, model, steps, best } = finished;
      const accuracies =
        best === undefined ? "" : `\n${describeValidation(best)} (step ${best.step} of ${steps})`;
      terminal.result(`${model}${accuracies}`, { folder, model, steps, best: best ?? null });
    } finally {
      shown.stop();
    }
  }, "Finishing this step and saving …");
}

/** A run of these options, described on the terminal. */
export async function newRun(
  options: TrainOptions,
  terminal: Terminal,
): Promise<import("../../training/index.js").RunOptions> {
  const settings = await settingsOf(options);
  const out = options.out ?? `runs/${nameOf(options.data)}-${settings.recipe.name}`;
  terminal.note(await describeSettings(options, settings, out));
  return {
    data: options.data,
    dataOptions: openOptionsOf(options),
    validationData: options.validationData,
    limit: options.limit,
    model: options.model,
    settings,
    out,
    tool: toolInfo(),
  };
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
  const { DEFAULT_TRAINING, OPTIMISERS, SCHEDULES } = await import("../../training/index.js");
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
    augmentation: Object.keys(augmentation).length === 0 ? null : augmentation,
    validation: {
      images: options.validation,
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
  const { findRecipe } = await import("../../defences/index.js");
  const recipe = findRecipe(options.recipe);
  const { adversary, weights } = recipe;
  const epsilon = options.epsilon ?? (nameOf(options.data) === "mnist" ? 0.3 : 8 / 255);
  const { alpha, beta } = options;
  return {
    ...recipe,
    adversary: adversary && {
      ...adversary,
      norm: options.norm,
      epsilon,
      ...(options.steps === undefined ? {} : { steps: options.steps, relativeStepSize: 2.5 / options.steps }),
      ...(options.stepSize === undefined ? {} : { relativeStepSize: options.stepSize / epsilon }),
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
async function askedOf(options: TrainOptions, command: Command): Promise<Record<string, unknown>> {
  const typed = (name: keyof TrainOptions): boolean => command.getOptionValueSource(name) === "cli";
  const settings = await settingsOf(options);
  const paths: Partial<Record<keyof TrainOptions, readonly [path: string, value: unknown]>> = {
    data: ["data", options.data],
    validationData: ["validationData", options.validationData],
    model: ["model", options.model],
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
  const { TERMS, weighedTerms } = await import("../../losses/index.js");
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

export interface TrainingDisplay {
  readonly onEvent: (event: RunEvent) => void;
  stop(): void;
}

export function createTrainingDisplay(terminal: Terminal): TrainingDisplay {
  let progress: Progress | undefined;
  const stop = (): void => {
    progress?.stop();
    progress = undefined;
  };
  return {
    stop,
    onEvent(event) {
      if (event.type === "start") {
        progress = terminal.progress(event.steps, "steps");
        if (event.step > 0) progress.say(`  going on after step ${event.step}`);
        progress.at(event.step, "compiled");
      } else if (event.type === "step") {
        const epsilon = event.epsilon === null ? "" : `, ε ${event.epsilon.toFixed(3)}`;
        const text = `loss ${event.loss.toFixed(3)}, accuracy ${formatPercent(event.accuracy)}${epsilon}`;
        progress?.at(event.step, text);
      } else if (event.type === "validation") {
        progress?.say(
          `  step ${event.step}: ${describeValidation(event)}${event.best ? ", the best so far" : ""}`,
        );
      } else if (event.type === "warning") {
        terminal.warn(event.message);
      }
    },
  };
}

function describeValidation(at: { images: number; clean: number; robust: number | null }): string {
  const robust = at.robust === null ? "" : `, ${formatPercent(at.robust)} under attack`;
  return `validation on ${at.images} images: ${formatPercent(at.clean)} clean${robust}`;
}
