export { batchWithin } from "./batch-memory.js";
export { differenceInterval, wilsonInterval } from "./intervals.js";
export { decodeRaster, encodeMap, encodeRaster, type ImageShape } from "./raster.js";
export {
  type AttackMeasurement,
  type AttackParameters,
  type AttentionPair,
  type CleanMeasurement,
  type CorruptedMeasurement,
  type CorruptionBaseline,
  type CorruptionResults,
  type Example,
  type ExampleView,
  type FailureSigns,
  type FurtherAttack,
  type Interval,
  type Limits,
  type Measurement,
  type ModelChecks,
  type ModelInfo,
  type NamedPreprocessing,
  type NearestMeasurement,
  parseResult,
  type PerAttackedImage,
  type PerCleanImage,
  type PreprocessingGuess,
  type Raster,
  rasterSchema,
  type RepeatedAnswers,
  type Result,
  resultJsonSchema,
  resultSchema,
  type ResultWarning,
  type RuntimeInfo,
  runtimeSchema,
  type Scalar,
  type Score,
  type ScoredImages,
  type ShardInfo,
  type ShardMarks,
  type SuiteStageResult,
  type ThreatInfo,
  type ToolInfo,
  toolSchema,
  type TrainingSummary,
  type TransferMeasurement,
  type UnreadNode,
  type ValidationPoint,
  type WarningCode,
  type WhiteBoxMeasurement,
  type ZeroGradient,
} from "./result/index.js";
export { checkStatements } from "./check-gates.js";
export {
  accuracyAgainstEpsilon,
  accuracyAgainstSteps,
  attacksOf,
  worstCase,
  type Curve,
  type CurvePoint,
  type Measured,
  type WorstCase,
} from "./curves.js";
export {
  baselineOf,
  corruptionLabel,
  summariseCorruptions,
  type CorruptionSummary,
} from "./corruption-summary.js";
export { planCorruptions, type CorruptionOptions, type CorruptionPlan } from "./plan-corruptions.js";
export { accuracyWithin, distancesOf, type Distances } from "./distances.js";
export { chanceLevel, checkGates, warningTitles } from "./gates.js";
export { describeGuess, guessGate } from "./guess-gate.js";
export { nodesNotRead } from "./no-gradient-gate.js";
export { readAsLogits } from "./probabilities.js";
export {
  describeSample,
  evaluateModels,
  measuredResult,
  readResult,
  writeResult,
  type ModelUnderTest,
  type Sample,
} from "./assemble.js";
export { evaluate, type EvaluatedModel, type EvaluateEvent, type EvaluateHooks } from "./evaluate.js";
export { loadModelUnderTest, type ModelUnderTestOptions } from "./model-under-test.js";
export { mergeResults, type ShardResult } from "./merge-results.js";
export { judgeThreshold, type ThresholdVerdict } from "./threshold.js";
export { falsifiedBy } from "./warn.js";
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
export {
  accuracyOf,
  attackAndSteps,
  attackLabel,
  describeStages,
  nameOf,
  percent,
  stageNames,
} from "./words.js";
export { createTally, scoreOf } from "./tally.js";
export { checkFit } from "./fit.js";
export {
  isClearlyBetter,
  tryPreprocessings,
  usualPreprocessings,
  type Trial,
  type TriedPreprocessings,
} from "./try-preprocessings.js";
export type { KeepOptions } from "./assemble.js";
