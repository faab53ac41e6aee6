import type { Augmentation } from "../data/index.js";
import { TABLE_1, type Recipe } from "../defences/index.js";
import { DEFAULT_TRAINING, OPTIMISERS, SCHEDULES, type TrainingSettings } from "../training/index.js";

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
  readonly transfer: {
    readonly epsilons: readonly number[];
    /** Pixel units; the paper's is 1/256. */
    readonly stepSize: number;
    /** Numbers of PGD iterations after which examples are kept. */
    readonly iterations: readonly number[];
  };
  readonly whiteBox: {
    readonly epsilons: readonly number[];
    /** Steps of 2.5 ε / steps; each is run, and the weaker shows whether the stronger has converged. */
    readonly steps: readonly number[];
  };
  /** Test images scored, a class-balanced sample; null: all. */
  readonly limit: number | null;
  /** Images a run of the attacks. */
  readonly batchSize: number;
  /** Files of weights that training begins with, by architecture: `ImageNet`'s in the paper. */
  readonly initialised: boolean;
}

const PHOTOGRAPHS: Augmentation = {
  horizontalFlip: 0.5,
  resizedCrop: { area: [0.3, 1] },
  brightness: 0.3,
  contrast: 0.3,
  saturation: 0.3,
};

/** SGD with one cycle, as suits a small residual network from random weights. */
const SMALL_TRAINING: Preset["training"] = {
  ...DEFAULT_TRAINING,
  epochs: 60,
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
    transfer: { epsilons: [0.25, 0.5], stepSize: 1 / 256, iterations: PAPER_ITERATIONS },
    whiteBox: { epsilons: [4 / 255, 8 / 255, 16 / 255, 0.25], steps: [20, 100] },
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
    recipes: TABLE_1,
    seeds: [0],
    training: SMALL_TRAINING,
    transfer: {
      epsilons: [4 / 255, 8 / 255, 16 / 255, 0.25, 0.5],
      stepSize: 1 / 256,
      iterations: [10, 20, 50, 100, 200],
    },
    whiteBox: { epsilons: [4 / 255, 8 / 255, 16 / 255, 0.25], steps: [20, 100] },
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
    transfer: { epsilons: [0.25, 0.5], stepSize: 1 / 256, iterations: [2, 4] },
    whiteBox: { epsilons: [8 / 255], steps: [2, 4] },
    limit: 34,
    batchSize: 17,
    initialised: false,
  },
});
