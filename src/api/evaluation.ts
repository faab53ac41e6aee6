/**
 * From `holdfast`: measure models, and read, merge and show results.
 *
 * @example
 * ```ts
 * import { evaluateModels, loadModelUnderTest, openDataset, renderReport, writeResult } from "holdfast";
 * import { writeFile } from "node:fs/promises";
 *
 * const model = await loadModelUnderTest("my-model.onnx");
 * const result = await evaluateModels([model], await openDataset("photos:test"), {
 *   epsilons: [2 / 255, 4 / 255],
 *   attack: "auto",
 * });
 * await writeResult("result.json", result);
 * await writeFile("report.html", await renderReport(result));
 * ```
 * @module Evaluation
 */
export {
  accuracyAgainstEpsilon,
  baselineOf,
  corruptionLabel,
  evaluateModels,
  judgeThreshold,
  loadModelUnderTest,
  mergeResults,
  parseResult,
  planCorruptions,
  readResult,
  resultJsonSchema,
  summariseCorruptions,
  wilsonInterval,
  worstCase,
  writeResult,
} from "../evaluation/index.js";
export type {
  AttackMeasurement,
  AttackParameters,
  AttentionPair,
  CleanMeasurement,
  CorruptedMeasurement,
  CorruptionBaseline,
  CorruptionOptions,
  CorruptionPlan,
  CorruptionResults,
  CorruptionSummary,
  Curve,
  CurvePoint,
  EvaluateEvent,
  EvaluateHooks,
  EvaluateOptions,
  EvaluatedModel,
  EvaluationPlan,
  Example,
  ExampleView,
  BoundaryScores,
  FailureSigns,
  FurtherAttack,
  ImageShape,
  Interval,
  KeepOptions,
  Limits,
  Measured,
  Measurement,
  ModelChecks,
  ModelInfo,
  ModelUnderTest,
  ModelUnderTestOptions,
  NamedPreprocessing,
  NearestMeasurement,
  PerAttackedImage,
  PerCleanImage,
  PlannedMeasurement,
  PreprocessingGuess,
  Raster,
  RepeatedAnswers,
  Result,
  ResultWarning,
  RuntimeInfo,
  Sample,
  Scalar,
  Score,
  ScoredImages,
  Shard,
  ShardInfo,
  ShardMarks,
  ShardResult,
  SuiteStageResult,
  ThreatInfo,
  ThresholdVerdict,
  ToolInfo,
  TrainingSummary,
  TransferMeasurement,
  UnreadNode,
  ValidationPoint,
  WarningCode,
  WhiteBoxMeasurement,
  WorstCase,
  ZeroGradient,
} from "../evaluation/index.js";
export { renderReport } from "../report/index.js";
