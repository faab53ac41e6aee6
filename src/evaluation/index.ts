export { differenceInterval, wilsonInterval, type Proportion } from "./intervals.js";
export { decodeRaster, encodeMap, encodeRaster, type ImageShape } from "./raster.js";
export {
  type AttackMeasurement,
  type AttackParameters,
  type AttentionPair,
  type CleanMeasurement,
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
  resultSchemaVersion,
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
export { falsifiedBy } from "./warn.js";
export { budgetGate, endedEarlyGate } from "./limit-gates.js";
export type { Shard } from "./shards.js";
export { collectExamples } from "./examples.js";
export { attackDataset, type AttackDatasetOptions, type Outcome } from "./attack-dataset.js";
export { datasetBatches, readBatch } from "./batches.js";
export {
  attackNamed,
  isChecked,
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
export {
  accuracyOf,
  attackAndSteps,
  attackLabel,
  describeStages,
  nameOf,
  percent,
  stageNames,
} from "./words.js";
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
