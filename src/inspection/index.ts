export { tryAttack, type Attackability, type Obstacle } from "./attackable.js";
export { inspectModel, type InspectedModel } from "./facts.js";
export {
  inspectionJsonSchema,
  inspectionSchema,
  type ModelInspection,
  type OperatorCount,
  type UnreadableInspection,
} from "./inspection-schema.js";
export { estimateMemory, liveBytes, type MemoryEstimate } from "./memory.js";
export { imageEntry, type ImageEntry, type Normalisation } from "./normalisation.js";
export { countOperations, type Operations } from "./operations.js";
export { inspectionPage, unreadablePage } from "./page.js";
export { inspectUnreadable } from "./unreadable.js";
export { graphPicture } from "./picture/draw.js";
