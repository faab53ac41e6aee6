export { differenceInterval, wilsonInterval, type Proportion } from "./intervals.js";
export { decodeRaster, encodeMap, encodeRaster, type ImageShape } from "./raster.js";
export {
  parseResult,
  rasterSchema,
  resultJsonSchema,
  resultSchema,
  runtimeSchema,
  toolSchema,
} from "./result-schema.js";
export type { Limits, ShardInfo, ShardMarks } from "./part-result.js";
export {
  resultSchemaVersion,
  type AttackMeasurement,
  type AttackParameters,
  type AttentionPair,
  type CleanMeasurement,
  type ScoredImages,
  type Example,
  type ExampleView,
  type Interval,
  type Measurement,
  type ModelInfo,
  type NamedPreprocessing,
  type NearestMeasurement,
  type PreprocessingGuess,
  type PerAttackedImage,
  type PerCleanImage,
  type Raster,
  type Result,
  type ResultWarning,
  type RuntimeInfo,
  type Scalar,
  type Score,
  type SuiteStageResult,
  type ThreatInfo,
  type ToolInfo,
  type TrainingSummary,
  type UnreadNode,
  type TransferMeasurement,
  type ValidationPoint,
  type WarningCode,
  type WhiteBoxMeasurement,
  type ZeroGradient,
} from "./result.js";
export type { FailureSigns, FurtherAttack, ModelChecks, RepeatedAnswers } from "./check-result.js";
export {
  adaptiveGate,
  checkStatements,
  fittedGate,
  longerGate,
  repeatsGate,
  signsGate,
  unadaptedGate,
} from "./check-gates.js";
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
export { accuracyWithin, distancesOf, type Distances } from "./distances.js";
export {
  chanceGate,
  chanceLevel,
  checkGates,
  collapseGate,
  convergenceGate,
  finiteGate,
  gates,
  grayImageGate,
  monotoneGate,
  reachGate,
  transferGate,
  upperBoundStatements,
  warningTitles,
  type Gate,
} from "./gates.js";
export { describeGuess, guessGate } from "./guess-gate.js";
export { stepsGate, straightThroughGate, zeroGradientGate } from "./gradient-gates.js";
export { blackBoxGate, fewClassesGate } from "./suite-gates.js";
export { nodesNotRead, noGradientGate } from "./no-gradient-gate.js";
export { readAsLogits } from "./probabilities.js";
export {
  assembleResult,
  describeSample,
  evaluateModels,
  measuredResult,
  readResult,
  writeResult,
  type Measures,
  type ModelUnderTest,
  type ResultParts,
  type Sample,
} from "./assemble.js";
export {
  evaluate,
  type EvaluatedModel,
  type EvaluateEvent,
  type EvaluateHooks,
  type Evaluation,
} from "./evaluate.js";
export { mergeResults, type ShardResult } from "./merge-results.js";
export { judgeThreshold, type ThresholdVerdict } from "./threshold.js";
export { budgetGate, endedEarlyGate } from "./limit-gates.js";
export type { Shard } from "./shards.js";
export { collectExamples } from "./examples.js";
export { attackDataset, type AttackDatasetOptions, type Outcome } from "./attack-dataset.js";
export { datasetBatches, readBatch } from "./batches.js";
export {
  attackNamed,
  planEvaluation,
  workOf,
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
  type AttentionShift,
  type RegionActivation,
} from "./measures/index.js";
export { cleanMeasurement, whiteBoxMeasurement, type Attacked } from "./measurement.js";
export { accuracyOf, attackLabel, describeStages, nameOf, stageNames } from "./words.js";
export { createTally, scoreOf, type Tally } from "./tally.js";
export { checkFit } from "./fit.js";
export {
  isClearlyBetter,
  tryPreprocessings,
  usualPreprocessings,
  type Candidate,
  type Trial,
  type TriedPreprocessings,
  type TryOptions,
} from "./try-preprocessings.js";
