/** The result of an evaluation as JSON, with its validators. */
export type { BoundaryScores, FailureSigns, FurtherAttack, ModelChecks, RepeatedAnswers } from "./checks.js";
export type { CorruptedMeasurement, CorruptionBaseline, CorruptionResults } from "./corruptions.js";
export { rasterSchema, type AttentionPair, type Example, type ExampleView, type Raster } from "./examples.js";
export type {
  AttackMeasurement,
  AttackParameters,
  CleanMeasurement,
  Measurement,
  NearestMeasurement,
  PerAttackedImage,
  PerCleanImage,
  Score,
  SuiteStageResult,
  TransferMeasurement,
  WhiteBoxMeasurement,
  ZeroGradient,
} from "./measurements.js";
export type { Limits, ShardInfo, ShardMarks } from "./parts.js";
export { parseResult, resultJsonSchema, resultSchema, resultSchemaVersion, type Result } from "./result.js";
export {
  runtimeSchema,
  toolSchema,
  type ModelInfo,
  type NamedPreprocessing,
  type PreprocessingGuess,
  type RuntimeInfo,
  type ScoredImages,
  type ToolInfo,
  type TrainingSummary,
  type UnreadNode,
  type ValidationPoint,
} from "./subjects.js";
export type { Interval, Scalar, ThreatInfo } from "./values.js";
export type { ResultWarning, WarningCode } from "./warnings.js";
