export { compareModels, type CompareOptions, type FileFacts, type Side } from "./compare/compare.js";
export {
  comparisonJsonSchema,
  comparisonSchema,
  type Accuracy,
  type ChangedImage,
  type ComparedModel,
  type Comparison,
  type PairedMeasurement,
  type TransferredAccuracy,
} from "./compare/comparison.js";
export { sizeOfModel, timeModel } from "./compare/latency.js";
export { countPairs, mcnemarExact, pairedDifference, type PairedCounts } from "./compare/paired.js";
export { cacheKey, hashData, hashModel } from "./check/cache.js";
export {
  configJsonSchema,
  type AssertionRule,
  type CheckConfig,
  type Threat,
} from "./check/config-schema.js";
export { judgeBaseline, judgeModel, type ModelResults } from "./check/judge.js";
export { parseConfig, readConfig, threatOf, type ReadConfig } from "./check/read-config.js";
export {
  describeAssertion,
  hasPassed,
  type AssertionVerdict,
  type Outcome,
  type Verdict,
} from "./check/verdict.js";
export { REPORTERS, type ReporterName } from "./reporters/index.js";
