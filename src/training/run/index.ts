export { defendedAtTest, weightsFileOf } from "./classifier.js";
export { loadCheckpoint, removeCheckpoints, saveCheckpoint, type Progress } from "./checkpoint.js";
export { isRunFile, readRunConfig, runPaths, type RunConfig, type RunPaths } from "./folder.js";
export { isImport, type HeadChoice, type ImportedModel, type ImportSettings } from "./imported.js";
export { verifyRun } from "./manifest.js";
export { readLog, type LogLine } from "./log.js";
export {
  resumeRun,
  trainRun,
  type FinishedRun,
  type RunEvent,
  type RunHooks,
  type RunOptions,
} from "./run.js";
export { flatSettings, readRunSummary, runSettings, type RunSummary } from "./summary.js";
export { readRunHistory, type FinishedTraining, type RunHistory } from "./history.js";
export { withModelShape } from "./begin.js";
export { openValidation, withUsualValidation } from "./data.js";
