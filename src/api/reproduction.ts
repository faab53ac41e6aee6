/**
 * The paper's experiments, as a plan of pieces that can be stopped, resumed and spread over several machines.
 *
 * @module holdfast/reproduction
 */
export {
  assembleReproduction,
  describeDataset,
  planReproduction,
  PRESETS,
  readReproduction,
  renderReproduction,
  reproduce,
  writeReproduction,
} from "../reproduction/index.js";

export type {
  Assembled,
  CraftSpec,
  Piece,
  PieceKind,
  PieceState,
  PlannedCraft,
  PlannedRow,
  PlannedTraining,
  Preset,
  RegionSource,
  ReproduceHooks,
  ReproduceOptions,
  Reproduced,
  ReproducedDataset,
  ReproducedDatasetResult,
  ReproducedRow,
  ReproductionEvent,
  ReproductionFiles,
  ReproductionPart,
  ReproductionPictures,
  ReproductionPlan,
  ReproductionResult,
  Selection,
  WeightsFile,
  WeightsFiles,
} from "../reproduction/index.js";
