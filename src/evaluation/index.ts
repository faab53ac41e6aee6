export * from "./results.js";
export { batchWithin } from "./batch-memory.js";
export { planCorruptions, type CorruptionOptions, type CorruptionPlan } from "./plan-corruptions.js";
export { readAsLogits } from "./probabilities.js";
export {
  describeSample,
  evaluateModels,
  type KeepOptions,
  type ModelUnderTest,
  type Sample,
} from "./assemble.js";
export { evaluate, type EvaluatedModel, type EvaluateEvent, type EvaluateHooks } from "./evaluate.js";
export { loadModelUnderTest, type ModelUnderTestOptions } from "./model-under-test.js";
export type { Shard } from "./shards.js";
export { attackDataset } from "./attack-dataset.js";
export { datasetBatches, readBatch } from "./batches.js";
export {
  attackNamed,
  isChecked,
  planEvaluation,
  type EvaluateOptions,
  type EvaluationPlan,
  type PlannedMeasurement,
} from "./plan.js";
export {
  attentionShift,
  regionActivation,
  SALIENCY,
  saliencyGraph,
  salientRegion,
  upsample,
} from "./measures/index.js";
export { cleanMeasurement, whiteBoxMeasurement } from "./measurement.js";
export { createTally, scoreOf } from "./tally.js";
export { checkFit } from "./fit.js";
export {
  isClearlyBetter,
  tryPreprocessings,
  usualPreprocessings,
  type Trial,
  type TriedPreprocessings,
} from "./try-preprocessings.js";
