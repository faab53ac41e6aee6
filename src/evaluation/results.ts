/** What reads, judges, merges and words results: a door that loads nothing that computes one. */
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
  type BoundaryScores,
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
export {
  accuracyAgainstEpsilon,
  accuracyAgainstSteps,
  attacksOf,
  threatsOf,
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
export { accuracyWithin, distancesOf, type Distances } from "./distances.js";
export {
  chanceLevel,
  checkGates,
  checkStatements,
  describeGuess,
  guessGate,
  nodesNotRead,
  warningTitles,
} from "./gates/index.js";
export { measuredResult } from "./measured-result.js";
export { readResult, writeResult } from "./result-file.js";
export { mergeResults, type ShardResult } from "./merge-results.js";
export { judgeThreshold, type ThresholdVerdict } from "./threshold.js";
export { falsifiedBy } from "./warn.js";
export {
  accuracyOf,
  attackAndSteps,
  attackLabel,
  describeStages,
  nameOf,
  percent,
  stageNames,
} from "./words.js";
