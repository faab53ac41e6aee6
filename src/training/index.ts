export {
  stepsOf,
  trainClassifier,
  type TrainingData,
  type TrainingEvent,
  type TrainingHooks,
  type TrainingLength,
  type TrainingOutcome,
} from "./loop.js";
export { OPTIMISERS, optimiserGraph, type OptimiserGraph, type OptimiserSpec } from "./optimisers/index.js";
export { linearWarmup, scheduleFactor, SCHEDULES, type Schedule } from "./schedule.js";
export { checkSettings } from "./check-settings.js";
export {
  DEFAULT_TRAINING,
  keptValue,
  resolveSettings,
  settingsJsonSchema,
  settingsMarkdown,
  type TrainingSettings,
  type ValidationSettings,
} from "./settings/index.js";
export {
  validatesBetter,
  weightNames,
  type BestWeights,
  type TrainingState,
  type ValidationRecord,
} from "./state.js";
export { updateGraph, type UpdateGraph, type UpdateGraphOptions } from "./update-graph.js";
export { UPDATE } from "./update-names.js";
export { perturbationGraph, type PerturbationOptions } from "./weight-perturbation.js";
export { DivergedError } from "./watch.js";
export {
  defendedAtTest,
  flatSettings,
  isImport,
  isRunFile,
  loadCheckpoint,
  openValidation,
  readLog,
  runSettings,
  readRunConfig,
  readRunHistory,
  readRunSummary,
  removeCheckpoints,
  resumeRun,
  runPaths,
  saveCheckpoint,
  trainRun,
  verifyRun,
  weightsFileOf,
  withModelShape,
  withUsualValidation,
  type FinishedRun,
  type FinishedTraining,
  type HeadChoice,
  type ImportedModel,
  type ImportSettings,
  type LogLine,
  type Progress,
  type RunConfig,
  type RunEvent,
  type RunHistory,
  type RunHooks,
  type RunOptions,
  type RunPaths,
  type RunSummary,
  type ShownImage,
  type ShownImages,
} from "./run/index.js";
export type { StepRecord } from "./step.js";
export type { GivenSettings } from "./settings/row.js";
export type { Manifest } from "./run/manifest.js";
export type { InitialWeights } from "./run/folder.js";
export type { TrainingWarningCode } from "./loop.js";
