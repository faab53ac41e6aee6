export { compareModels, type CompareOptions, type FileFacts, type Side } from "./compare/compare.js";
export {
  comparisonSchema,
  type Accuracy,
  type ChangedImage,
  type ComparedModel,
  type Comparison,
  type PairedMeasurement,
  type TransferredAccuracy,
} from "./compare/comparison.js";
export { sizeOfModel, timeModel } from "./compare/latency.js";
export { type PairedCounts } from "./compare/paired.js";
export { cacheKey, hashData, hashModel } from "./check/cache.js";
export { type AssertionRule, type CheckConfig, type Threat } from "./check/config-schema.js";
export { judgeBaseline, judgeModel, type ModelResults } from "./check/judge.js";
export { parseConfig, readConfig, threatOf, type ReadConfig } from "./check/read-config.js";
export { hasPassed, type AssertionVerdict, type Outcome, type Verdict } from "./check/verdict.js";
export { REPORTERS, type ReporterName } from "./reporters/index.js";
export type { ComparisonWarning } from "./compare/comparison.js";
export { escapeMarkdown } from "./reporters/markdown.js";
