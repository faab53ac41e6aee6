import type { Augmentation } from "../../data/index.js";
import type { Recipe } from "../../defences/index.js";
import type { DeviceName } from "../../runtime/index.js";
import type { OptimiserSpec } from "../optimisers/index.js";
import type { Schedule } from "../schedule.js";

/** Everything that determines the weights of a training, as plain data. */
export interface TrainingSettings {
  readonly recipe: Recipe;
  /** Passes over the training images; fractions too. */
  readonly epochs: number;
  /** Clean images a step. */
  readonly batchSize: number;
  readonly optimiser: OptimiserSpec;
  /** Peak of the schedule. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Share of all steps over which the learning rate rises linearly before the schedule's own factor. */
  readonly warmup: number;
  /** Share of all steps over which ε and the step size rise linearly to their full size. */
  readonly epsilonWarmup: number;
  /** Greatest global norm of the gradient; null: unbounded. */
  readonly clipNorm: number | null;
  /** Share of the old average kept a step; 0: no averaging. Early steps average less. */
  readonly emaDecay: number;
  /** Whether BatchNorm's parameters and biases decay too. */
  readonly decayAll: boolean;
  /** Share of the label's probability spread over all classes. */
  readonly labelSmoothing: number;
  /**
   * Multiple of the learning rate for everything but the head (and a defence's own layers); 0 freezes it: its
   * weights and statistics stay bit for bit, its BatchNorms normalise by them. 1 when absent.
   */
  readonly trunkLearningRate?: number | undefined;
  readonly augmentation: Augmentation | null;
  readonly validation: ValidationSettings;
  /** Steps between checkpoints; one is also made after each validation. */
  readonly checkpointEvery: number;
  /** Steps between lines of the log. */
  readonly logEvery: number;
  readonly seed: number;
  /** Threads inside an operator. Other threads sum in another order: part of what decides the weights. */
  readonly threads: number;
  /**
   * What the process may take, such as "8GB": a batch that takes more is computed in equal parts, whose gradients are summed. No limit
   * when absent.
   */
  readonly memory?: string | undefined;
  /** What it runs on; the CPU when absent. Other devices round otherwise: part of what decides the weights. */
  readonly device?: DeviceName | undefined;
}

/** How the best weights are chosen. */
export interface ValidationSettings {
  /** Images split off the training set; 0: the last weights are kept. */
  readonly images: number;
  /** Epochs between validations; the last step is always validated. */
  readonly every: number;
  /** PGD steps, at the recipe's full ε and step 2.5 ε / steps. */
  readonly steps: number;
  /** Stop after so many validations without a better one; null or absent: never. */
  readonly patience?: number | null | undefined;
}
