import { checkThreat } from "../attacks/index.js";
import type { Augmentation } from "../data/index.js";
import { contradictionsIn, type Recipe } from "../defences/index.js";
import { UsageError } from "../errors/index.js";
import { OPTIMISERS, type OptimiserSpec } from "./optimisers/index.js";
import { SCHEDULES, type Schedule } from "./schedule.js";

/** Everything that decides the weights a training comes to, as plain data. */
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

/** Defaults that suit a small network; recipe, seed and threads are the caller's. */
export const DEFAULT_TRAINING: Omit<TrainingSettings, "recipe" | "seed" | "threads"> = Object.freeze({
  epochs: 3,
  batchSize: 128,
  optimiser: OPTIMISERS.adam,
  learningRate: 5e-3,
  schedule: SCHEDULES["one-cycle"],
  warmup: 0,
  epsilonWarmup: 0.4,
  clipNorm: null,
  emaDecay: 0,
  decayAll: true,
  labelSmoothing: 0,
  augmentation: null,
  validation: { images: 1000, every: 1, steps: 10 },
  checkpointEvery: 200,
  logEvery: 10,
});

/** @throws UsageError naming the first setting that cannot be. */
export function checkSettings(settings: TrainingSettings): void {
  const { recipe, validation, clipNorm } = settings;
  const whole = (name: string, value: number, least: number): void =>
    require(Number.isSafeInteger(value) && value >= least, name, `a whole number from ${least} up`, value);
  const share = (name: string, value: number, open = false): void =>
    require(value >= 0 && (open ? value < 1 : value <= 1), name, open ? "in [0, 1)" : "in [0, 1]", value);
  const positive = (name: string, value: number): void =>
    require(value > 0 && Number.isFinite(value), name, "a positive number", value);
  positive("epochs", settings.epochs);
  whole("batch size", settings.batchSize, 1);
  positive("learning rate", settings.learningRate);
  share("warm-up", settings.warmup);
  share("ε warm-up", settings.epsilonWarmup);
  if (clipNorm !== null) positive("clip norm", clipNorm);
  share("EMA decay", settings.emaDecay, true);
  if (settings.trunkLearningRate !== undefined) share("trunk learning rate", settings.trunkLearningRate);
  share("label smoothing", settings.labelSmoothing, true);
  whole("validation images", validation.images, 0);
  positive("epochs between validations", validation.every);
  whole("validation steps", validation.steps, 1);
  if (validation.patience !== undefined && validation.patience !== null) {
    whole("patience", validation.patience, 1);
  }
  whole("steps between checkpoints", settings.checkpointEvery, 1);
  whole("steps between log lines", settings.logEvery, 1);
  const isSeed = Number.isInteger(settings.seed) && settings.seed >= 0 && settings.seed < 2 ** 32;
  require(isSeed, "seed", "a whole number from 0 to 4294967295", settings.seed);
  whole("threads", settings.threads, 1);
  if (recipe.adversary !== undefined) {
    checkThreat(recipe.adversary);
    whole("adversary steps", recipe.adversary.steps, 1);
    positive("adversary step size", recipe.adversary.relativeStepSize);
  }
  checkRecipe(recipe);
  if (settings.trunkLearningRate === 0 && recipe.weightPerturbation !== undefined) {
    throw new UsageError({
      place: "trunk learning rate",
      problem: "is 0, but the recipe perturbs the weights of the trunk",
      remedy: "Slow it instead (0.1), or choose a recipe without weight perturbation.",
    });
  }
}

function checkRecipe(recipe: Recipe): void {
  const { weights, weightPerturbation, replays = 1 } = recipe;
  for (const [name, value] of Object.entries(weights)) {
    require(value >= 0 && Number.isFinite(value), `loss weight ${name}`, "at least 0", value);
  }
  if (weightPerturbation !== undefined) {
    const { gamma, from } = weightPerturbation;
    require(gamma > 0 && Number.isFinite(gamma), "weight perturbation gamma", "a positive number", gamma);
    require(from >= 0 && from <= 1, "weight perturbation from", "in [0, 1]", from);
  }
  require(Number.isSafeInteger(replays) && replays >= 1, "replays", "a whole number from 1 up", replays);
  const [contradiction] = contradictionsIn(recipe);
  if (contradiction !== undefined) {
    const { fields, problem } = contradiction;
    throw new UsageError({ place: `recipe ${recipe.name}, ${fields[0].join(".")}`, problem });
  }
}

function require(ok: boolean, place: string, rule: string, found: number): void {
  if (!ok) throw new UsageError({ place, problem: `must be ${rule}, found ${found}` });
}
