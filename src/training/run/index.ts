export { defendedAtTest } from "./classifier.js";
export { loadCheckpoint, saveCheckpoint, type Progress } from "./checkpoint.js";
export { readRunConfig, runPaths, type RunConfig, type RunPaths } from "./folder.js";
export { readLog, type LogLine } from "./log.js";
export {
  resumeRun,
  trainRun,
  type FinishedRun,
  type RunEvent,
  type RunHooks,
  type RunOptions,
} from "./run.js";
export { readRunSummary, type RunSummary } from "./summary.js";
export { openValidation, withUsualValidation } from "./data.js";
