/**
 * From `holdfast`: compare two models, and check results against the assertions in `holdfast.yaml`.
 *
 * @example
 * ```ts
 * import { hasPassed, judgeModel, readConfig, readResult } from "holdfast";
 *
 * const config = await readConfig("holdfast.yaml");
 * const verdicts = judgeModel({ model: "production", results: [await readResult("result.json")] }, config);
 * process.exitCode = hasPassed(verdicts) ? 0 : 1;
 * ```
 * @module Gates
 */
export { compareModels, hasPassed, judgeBaseline, judgeModel, readConfig, REPORTERS } from "../gate/index.js";
export type {
  Accuracy,
  AssertionRule,
  AssertionVerdict,
  ChangedImage,
  CheckConfig,
  CompareOptions,
  ComparedModel,
  Comparison,
  ComparisonWarning,
  FileFacts,
  ModelResults,
  Outcome,
  PairedCounts,
  PairedMeasurement,
  ReadConfig,
  ReporterName,
  Side,
  Threat,
  TransferredAccuracy,
  Verdict,
} from "../gate/index.js";
