export { assembleReproduction, type Assembled } from "./assemble.js";
export { describeDataset, type ReproducedDataset } from "./datasets.js";
export { mergeReproductions } from "./merge.js";
export type { Piece, PieceKind } from "./piece.js";
export {
  checkWeights,
  planReproduction,
  type ReproductionPlan,
  type WeightsFile,
  type WeightsFiles,
} from "./plan.js";
export { PRESETS, type Preset } from "./presets.js";
export {
  reproduce,
  type PieceState,
  type ReproduceHooks,
  type ReproduceOptions,
  type Reproduced,
  type ReproductionEvent,
} from "./reproduce.js";
export { type ReproductionPart } from "./parts.js";
export type { Selection } from "./select.js";
export type {
  ReproducedDatasetResult,
  ReproducedRow,
  ReproductionPictures,
  ReproductionResult,
} from "./result.js";
export { isReproduction, readPictures, readReproduction, writeReproduction } from "./write.js";
export { renderReproduction } from "./report/index.js";
export { summaryNotes, summaryTable, summaryWarnings } from "./summary.js";
export type { ReproductionFiles } from "./write.js";
export type { PlannedCraft, PlannedRow, PlannedTraining } from "./plan.js";
export type { RegionSource } from "./datasets.js";
export type { CraftSpec } from "./presets.js";
