/**
 * From `holdfast`: recipes, and training runs that can be stopped and resumed, each in a folder.
 *
 * @example
 * ```ts
 * import { DEFAULT_TRAINING, findRecipe, trainRun } from "holdfast";
 *
 * const { model } = await trainRun({
 *   data: "mnist",
 *   model: "resnet-mini",
 *   settings: { ...DEFAULT_TRAINING, recipe: findRecipe("at-alp"), seed: 0, threads: 2 },
 *   out: "runs/at-alp",
 * });
 * console.log(model);
 * ```
 * @module Training
 */
export { findRecipe, parseRecipe, readRecipeFile, RECIPES } from "../defences/index.js";
export type { Recipe } from "../defences/index.js";
export type { LossTerm, LossWeights } from "../losses/index.js";
export type { Denoising, ModelDefence, NoiseSpec, RandomResize } from "../models/index.js";
export {
  DEFAULT_TRAINING,
  DivergedError,
  readRunSummary,
  resolveSettings,
  resumeRun,
  trainRun,
  verifyRun,
} from "../training/index.js";
export type {
  FinishedRun,
  GivenSettings,
  HeadChoice,
  ImportSettings,
  ImportedModel,
  InitialWeights,
  Manifest,
  OptimiserSpec,
  RunConfig,
  RunEvent,
  RunHooks,
  RunOptions,
  RunSummary,
  Schedule,
  TrainingEvent,
  TrainingHooks,
  TrainingLength,
  TrainingSettings,
  TrainingWarningCode,
  ValidationRecord,
  ValidationSettings,
} from "../training/index.js";
