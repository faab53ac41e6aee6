import type { Augmentation } from "../data/index.js";
import type { Recipe } from "../defences/index.js";
import { TABLE_1 } from "../defences/recipes/index.js";
import {
  DEFAULT_TRAINING,
  OPTIMISERS,
  SCHEDULES,
  type TrainingSettings,
} from "../training/settings/index.js";

/** Adversarial images at one radius, kept after several numbers of PGD iterations. */
export interface CraftSpec {
  readonly epsilon: number;
  /** Ascending. */
  readonly iterations: readonly number[];
}

/** Everything that a reproduction does, but for the datasets. */
export interface Preset {
  readonly name: string;
  /** One sentence in plain words. */
  readonly description: string;
  /** Architecture of every defended model, and of the undefended one that gray-box examples are made on. */
  readonly model: string;
  /** Architecture of the undefended model that black-box examples are made on. */
  readonly blackBox: string;
  /** Side of the square images; null: the dataset's own. */
  readonly size: number | null;
  readonly recipes: readonly Recipe[];
  readonly seeds: readonly number[];
  readonly training: Omit<TrainingSettings, "recipe" | "seed" | "threads">;
  /** What differs from `training` for a recipe, by its name: found by tuning. */
  readonly schedules: Readonly<Record<string, Partial<Preset["training"]>>>;
  /** Sets of adversarial images to be made on the undefended models. */
  readonly crafts: readonly CraftSpec[];
  /** Of their attack, in pixel units; the paper's is 1/256. */
  readonly stepSize: number;
  /**
   * PGD on the defended models themselves, with steps of 2.5 ε / steps; from ε = .5 on the gray image too.
   * `draws`: only on models that draw at random, the gradient of each step averaged over so many.
   */
  readonly whiteBox: readonly { readonly epsilon: number; readonly steps: number; readonly draws?: number }[];
  /** What the attention measures are taken under, beside the clean images. */
  readonly measured: {
    /** Radii among those of `crafts`; their last number of iterations is meant. */
    readonly epsilons: readonly number[];
    readonly whiteBox: { readonly epsilon: number; readonly steps: number };
    /** Images whose maps are kept as pictures. */
    readonly pictures: number;
  };
  /** Test images scored, a class-balanced sample; null: all. */
  readonly limit: number | null;
  /** Images a run of the attacks. */
  readonly batchSize: number;
  /** Whether training begins with ImageNet weights, as in the paper; their files are the user's. */
  readonly initialised: boolean;
}

const PHOTOGRAPHS: Augmentation = {
  horizontalFlip: 0.5,
  resizedCrop: { area: [0.3, 1] },
  brightness: 0.3,
  contrast: 0.3,
  saturation: 0.3,
};

/**
 * What tuning found for the preset `small` (`scripts/tune-small.sh`, judged on validation images of 17 Flowers alone;
 * docs/reproduction.md shows every trial). Rows that are not here keep their defaults.
 */
const TUNED: Readonly<Record<string, Partial<Recipe>>> = {
  igr: { weights: { clean: 1, inputGradient: 0.1 } },
  rat: {
    model: {
      inputNoise: { distribution: "normal", scale: 0.2 },
      activationNoise: { distribution: "normal", scale: 0.1 },
    },
  },
  fd: { model: { denoising: { filter: "dot-product" } } },
  at: { weights: { clean: 0.5, adversarial: 0.5, attentionPairing: 0.1 } },
};

/** Rows without an adversary cost a tenth of the others an epoch, and need more of them. */
const TUNED_SCHEDULES: Preset["schedules"] = {
  undefended: { epochs: 120, learningRate: 0.02 },
  igr: { epochs: 60 },
  pat: { learningRate: 0.02 },
};

/** SGD with one cycle, as suits a small residual network from random weights. */
const SMALL_TRAINING: Preset["training"] = {
  ...DEFAULT_TRAINING,
  epochs: 20,
  batchSize: 32,
  optimiser: { ...OPTIMISERS.sgd, weightDecay: 5e-4 },
  learningRate: 0.05,
  schedule: SCHEDULES["one-cycle"],
  epsilonWarmup: 0.3,
  labelSmoothing: 0.1,
  augmentation: PHOTOGRAPHS,
  validation: { images: 340, every: 5, steps: 10, patience: null },
  checkpointEvery: 50,
};

const PAPER_ITERATIONS = [10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200];

const SMALL_EPSILONS = [4 / 255, 8 / 255, 16 / 255];

/** 40 steps at every radius; 20 and 80 steps, and 10 draws a step, at 8/255 show whether that is enough. */
const WHITE_BOX: Preset["whiteBox"] = [
  ...[...SMALL_EPSILONS, 0.25, 0.5].map((epsilon) => ({ epsilon, steps: 40 })),
  { epsilon: 8 / 255, steps: 20 },
  { epsilon: 8 / 255, steps: 80 },
  { epsilon: 8 / 255, steps: 20, draws: 10 },
];

const MEASURED: Preset["measured"] = {
  epsilons: [8 / 255, 0.25, 0.5],
  whiteBox: { epsilon: 8 / 255, steps: 20 },
  pictures: 3,
};

/** Presets by name: the paper's own setting, one for two cores and an evening or two, one for a test. */
export const PRESETS: Readonly<Record<string, Preset>> = Object.freeze({
  paper: {
    name: "paper",
    description: "ResNet-101 defended, ResNet-152 for black-box examples, 224², from ImageNet weights.",
    model: "resnet101",
    blackBox: "resnet152",
    size: 224,
    recipes: TABLE_1,
    seeds: [0],
    training: { ...SMALL_TRAINING, epochs: 30, batchSize: 16, learningRate: 0.01, clipNorm: 5 },
    schedules: {},
    crafts: [0.25, 0.5].map((epsilon) => ({ epsilon, iterations: PAPER_ITERATIONS })),
    stepSize: 1 / 256,
    whiteBox: WHITE_BOX,
    measured: { ...MEASURED, epsilons: [0.25, 0.5] },
    limit: null,
    batchSize: 8,
    initialised: true,
  },
  small: {
    name: "small",
    description: "Narrow ResNets of 8 and 16 blocks from random weights, 64², hours on two cores.",
    model: "resnet18-narrow",
    blackBox: "resnet34-narrow",
    size: 64,
    recipes: TABLE_1.map((recipe) => ({ ...recipe, ...TUNED[recipe.name] })),
    seeds: [0],
    training: SMALL_TRAINING,
    schedules: TUNED_SCHEDULES,
    crafts: [
      ...SMALL_EPSILONS.map((epsilon) => ({ epsilon, iterations: [10, 20, 40] })),
      ...[0.25, 0.5].map((epsilon) => ({ epsilon, iterations: PAPER_ITERATIONS })),
    ],
    stepSize: 1 / 256,
    whiteBox: WHITE_BOX,
    measured: MEASURED,
    limit: null,
    batchSize: 34,
    initialised: false,
  },
  tiny: {
    name: "tiny",
    description: "Minutes: shows that everything runs; its numbers say nothing.",
    model: "resnet-mini",
    blackBox: "resnet18-narrow",
    size: 32,
    recipes: TABLE_1,
    seeds: [0],
    training: {
      ...SMALL_TRAINING,
      epochs: 1,
      validation: { images: 34, every: 1, steps: 2 },
      checkpointEvery: 5,
    },
    schedules: {},
    crafts: [0.25, 0.5].map((epsilon) => ({ epsilon, iterations: [2, 4] })),
    stepSize: 1 / 256,
    whiteBox: [
      { epsilon: 8 / 255, steps: 2 },
      { epsilon: 8 / 255, steps: 4 },
      { epsilon: 8 / 255, steps: 2, draws: 2 },
      { epsilon: 0.5, steps: 4 },
    ],
    measured: { epsilons: [0.25], whiteBox: { epsilon: 8 / 255, steps: 2 }, pictures: 1 },
    limit: 34,
    batchSize: 17,
    initialised: false,
  },
});
