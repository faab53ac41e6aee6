/**
 * From `holdfast`: results and training runs in the formats of other tools.
 *
 * @example
 * ```ts
 * import { modelCard, readResult, resultHistories, tensorboardFiles, withoutFolders, writeShared } from "holdfast";
 * import { writeFile } from "node:fs/promises";
 *
 * const result = await readResult("result.json");
 * await writeShared("logs", tensorboardFiles(resultHistories(result)));
 * const published = withoutFolders(result);
 * await writeFile("README.md", modelCard(published, published.models[0]!));
 * ```
 * @module Sharing
 */
export {
  evidencePage,
  historyCsv,
  historyOfRun,
  logHistory,
  mlflowServer,
  modelCard,
  resultCsv,
  resultHistories,
  tensorboardFiles,
  wandbFiles,
  withoutFolders,
  writeShared,
} from "../sharing/index.js";
export type {
  History,
  HistoryNote,
  HistoryPoint,
  LoggedRun,
  MlflowServer,
  SharedFile,
} from "../sharing/index.js";
