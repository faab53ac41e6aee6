import { BALL_NORMS } from "../../attacks/cards/index.js";
import { RECIPES } from "../../defences/recipes/index.js";
import {
  choice,
  COUNT,
  FLAG,
  list,
  NOT_NEGATIVE,
  POSITIVE,
  SHARE,
  SHARE_ABOVE_ZERO,
  SHARE_BELOW_ONE,
  TEXT,
  upTo,
  whole,
} from "../../options/index.js";
import { DEVICES, type DeviceName } from "../../runtime/devices.js";
import { OPTIMISERS } from "../optimisers/index.js";
import { SCHEDULES } from "../schedule.js";
import type { SettingPath, SettingRow, SettingRows } from "./row.js";

/** `0.0005 with sgd, 0 with adam` */
function defaultsOf(variants: Readonly<Record<string, object>>, field: string): string {
  return Object.entries(variants)
    .flatMap(([kind, spec]) =>
      Object.entries(spec).flatMap(([name, value]) =>
        name === field ? [`${JSON.stringify(value)} with ${kind}`] : [],
      ),
    )
    .join(", ");
}

/** Norms with steps inside the graph; the step for L1 is computed on the host. */
const TRAINABLE_NORMS = BALL_NORMS.filter((norm) => norm !== "l1");
export const USUAL_RECIPE = "at-alp";

/**
 * Every setting of a training: the options of the command line, their help, the defaults, the checks, what `--resume` compares,
 * the JSON Schema and the table of docs/training-options.md are read from here. Adam's and the schedules' constants cannot be typed.
 */
export const SETTINGS: SettingRows = Object.freeze<SettingRows>({
  "recipe.name": {
    flag: "--recipe <name | file>",
    help: `a YAML file (docs/recipes.md), or ${Object.keys(RECIPES).join(", ")}`,
    rule: TEXT,
    default: USUAL_RECIPE,
  },
  epochs: { flag: "--epochs <n>", help: "passes over the training images", rule: POSITIVE, default: 3 },
  batchSize: { flag: "--batch-size <n>", help: "clean images per step", rule: COUNT, default: 128 },
  "optimiser.kind": {
    flag: "--optimiser <name>",
    help: "optimiser",
    rule: choice(OPTIMISERS),
    default: "adam",
    variants: OPTIMISERS,
  },
  "optimiser.momentum": {
    flag: "--momentum <x>",
    help: "momentum, with sgd",
    rule: SHARE_BELOW_ONE,
    defaultText: defaultsOf(OPTIMISERS, "momentum"),
    only: "sgd",
  },
  "optimiser.nesterov": {
    flag: "--nesterov",
    help: "Nesterov's momentum, with sgd",
    rule: FLAG,
    only: "sgd",
  },
  "optimiser.weightDecay": {
    flag: "--weight-decay <x>",
    help: "L2 penalty; decoupled from the gradient with adamw",
    rule: NOT_NEGATIVE,
    defaultText: defaultsOf(OPTIMISERS, "weightDecay"),
  },
  "optimiser.beta1": {
    help: "decay of Adam's mean gradient (β₁)",
    rule: SHARE_BELOW_ONE,
    defaultText: defaultsOf(OPTIMISERS, "beta1"),
  },
  "optimiser.beta2": {
    help: "decay of Adam's mean squared gradient (β₂)",
    rule: SHARE_BELOW_ONE,
    defaultText: defaultsOf(OPTIMISERS, "beta2"),
  },
  "optimiser.epsilon": {
    help: "added to Adam's denominator",
    rule: POSITIVE,
    defaultText: defaultsOf(OPTIMISERS, "epsilon"),
  },
  learningRate: {
    flag: "--learning-rate <x>",
    help: "peak learning rate",
    rule: POSITIVE,
    default: ({ optimiser }) => (optimiser.kind === "sgd" ? 0.1 : 5e-3),
    defaultText: "0.1 with sgd, else 5e-3",
  },
  "schedule.kind": {
    flag: "--schedule <name>",
    help: "learning-rate schedule",
    rule: choice(SCHEDULES),
    default: "one-cycle",
    variants: SCHEDULES,
  },
  "schedule.milestones": {
    help: "shares of the steps after which the learning rate falls",
    rule: list(SHARE),
    defaultText: defaultsOf(SCHEDULES, "milestones"),
  },
  "schedule.factor": {
    help: "factor that the learning rate is multiplied by at each milestone",
    rule: POSITIVE,
    defaultText: defaultsOf(SCHEDULES, "factor"),
  },
  "schedule.warmup": {
    help: "share of the steps up to the peak",
    rule: SHARE,
    defaultText: defaultsOf(SCHEDULES, "warmup"),
  },
  "schedule.divide": {
    help: "the peak as a multiple of the first learning rate",
    rule: POSITIVE,
    defaultText: defaultsOf(SCHEDULES, "divide"),
  },
  "schedule.finalDivide": {
    help: "the first learning rate as a multiple of the last",
    rule: POSITIVE,
    defaultText: defaultsOf(SCHEDULES, "finalDivide"),
  },
  warmup: {
    flag: "--warmup <share>",
    help: "share of the steps in which the learning rate rises linearly",
    rule: SHARE,
    default: 0,
  },
  clipNorm: {
    flag: "--clip-norm <x>",
    help: "largest norm of the gradient",
    rule: POSITIVE,
    default: null,
    defaultText: "no limit",
  },
  emaDecay: {
    flag: "--ema <decay>",
    help: "average the weights, keeping this share of the average per step; 0: off",
    rule: SHARE_BELOW_ONE,
    default: 0,
  },
  decayAll: { help: "whether BatchNorm's parameters and biases decay too", rule: FLAG, default: true },
  labelSmoothing: {
    flag: "--label-smoothing <share>",
    help: "share of each label spread over all classes",
    rule: SHARE_BELOW_ONE,
    default: 0,
  },
  trunkLearningRate: {
    flag: "--trunk-learning-rate <factor>",
    help: "learning rate of all but the last layer, as a multiple of the learning rate; 0 freezes them",
    rule: SHARE,
    defaultText: "1",
  },
  "recipe.adversary.norm": {
    flag: "--norm <name>",
    help: "norm of the adversary",
    rule: choice(TRAINABLE_NORMS),
    defaultText: "the recipe's, usually linf",
  },
  "recipe.adversary.epsilon": {
    flag: "--epsilon <x>",
    help: "radius, for pixels in [0, 1]",
    rule: POSITIVE,
    defaultText: "0.3 for mnist, else 8/255; for a recipe file, its own",
  },
  "recipe.adversary.steps": {
    flag: "--steps <n>",
    help: "PGD steps of the adversary",
    rule: COUNT,
    defaultText: "the recipe's, usually 7",
  },
  "recipe.adversary.relativeStepSize": {
    flag: "--step-size <x>",
    help: "step size of the adversary",
    rule: POSITIVE,
    // Another number of steps than the recipe's has the same reach.
    default: ({ recipe }, { "recipe.adversary.steps": steps }) =>
      steps === undefined || recipe.adversary === undefined ? undefined : 2.5 / recipe.adversary.steps,
    defaultText: "the recipe's, or 2.5 ε / steps",
    keep: (typed, { recipe }) => typed / (recipe.adversary?.epsilon ?? 1),
  },
  "recipe.adversary.randomStart": {
    flag: "--no-random-start",
    help: "start the adversary at the image itself",
    rule: FLAG,
  },
  epsilonWarmup: {
    flag: "--epsilon-warmup <share>",
    help: "share of the steps in which ε rises linearly",
    rule: SHARE,
    default: 0.4,
  },
  "recipe.weights.logitPairing": {
    flag: "--alpha <x>",
    help: "weight of logit pairing",
    rule: NOT_NEGATIVE,
    defaultText: "the recipe's",
  },
  "recipe.weights.attentionPairing": {
    flag: "--beta <x>",
    help: "weight of attention pairing",
    rule: NOT_NEGATIVE,
    defaultText: "the recipe's",
  },
  "augmentation.horizontalFlip": {
    flag: "--flip <p>",
    help: "mirror training images with this probability",
    rule: SHARE,
  },
  "augmentation.cropPadding": {
    flag: "--crop-padding <n>",
    help: "random crop after zero padding of n pixels",
    rule: whole(0, 1024),
  },
  "augmentation.resizedCrop.area": {
    flag: "--resized-crop <share>",
    help: "random crop of at least this share of the area, resized back",
    rule: list(SHARE_ABOVE_ZERO),
    keep: (typed) => [typed, 1],
  },
  "augmentation.resizedCrop.ratio": {
    help: "ratio of its width to its height, smallest and largest",
    rule: list(POSITIVE),
  },
  "augmentation.rotation": {
    flag: "--rotation <degrees>",
    help: "rotate training images by up to this angle either way",
    rule: upTo(180),
  },
  "augmentation.translation": {
    help: "shift training images by up to this share of the side either way",
    rule: SHARE,
  },
  "augmentation.brightness": {
    flag: "--brightness <x>",
    help: "multiply by a factor in [1 − x, 1 + x]",
    rule: SHARE,
  },
  "augmentation.contrast": {
    flag: "--contrast <x>",
    help: "the same for the distance from the image's mean gray",
    rule: SHARE,
  },
  "augmentation.saturation": {
    flag: "--saturation <x>",
    help: "the same for the distance from each pixel's gray",
    rule: SHARE,
  },
  "augmentation.hue": {
    flag: "--hue <turns>",
    help: "turn the hue by up to this share of the circle",
    rule: upTo(0.5),
  },
  "validation.images": {
    flag: "--validation <n>",
    help: "images set aside to choose the best weights; 0: keep the last weights",
    rule: whole(0),
    default: 1000,
    defaultText: "1000, or a fifth of the training images if that is fewer",
  },
  "validation.every": {
    flag: "--validate-every <n>",
    help: "epochs between validations",
    rule: POSITIVE,
    default: 1,
  },
  "validation.steps": {
    flag: "--validation-steps <n>",
    help: "PGD steps in validation",
    rule: COUNT,
    default: 10,
  },
  "validation.patience": {
    flag: "--patience <n>",
    help: "stop after n validations without improvement",
    rule: COUNT,
    default: null,
    defaultText: "never",
  },
  checkpointEvery: {
    flag: "--checkpoint-every <n>",
    help: "steps between checkpoints",
    rule: COUNT,
    default: 200,
  },
  logEvery: { help: "steps between lines of the log", rule: COUNT, default: 10 },
  seed: { flag: "--seed <n>", help: "seed for everything random", rule: whole(0, 2 ** 32 - 1), default: 0 },
  threads: {
    flag: "--threads <n>",
    help: "threads inside an operator",
    rule: whole(1, 1024),
    defaultText: "the number of cores",
  },
  memory: {
    flag: "--memory <size>",
    help: "memory limit of the process, such as 8GB: a step that needs more computes maps again, or the batch in parts",
    rule: TEXT,
    defaultText: "no limit",
  },
  device: {
    flag: "--device <name>",
    help: "device to train on; holdfast devices lists them",
    rule: choice<DeviceName>(DEVICES),
    defaultText: "cpu",
  },
});

/** {@link SETTINGS} as a list. */
export const SETTING_ROWS: readonly (readonly [SettingPath, SettingRow])[] = Object.entries(
  SETTINGS,
) as (readonly [SettingPath, SettingRow])[];

/** The default in words; undefined if the setting is absent or null by default. */
export function describeDefault({ default: standard, defaultText }: SettingRow): string | undefined {
  if (defaultText !== undefined) return defaultText;
  if (standard === undefined || standard === null || typeof standard === "function") return undefined;
  return typeof standard === "string" ? standard : JSON.stringify(standard);
}
