export { tryAttack } from "./attackable.js";
export { inspectModel, type InspectedModel } from "./facts.js";
export { inspectionJsonSchema, inspectionSchema, type ModelInspection } from "./inspection-schema.js";
export { imageEntry } from "./normalisation.js";
export { countOperations } from "./operations.js";
export { inspectionPage, unreadablePage } from "./page.js";
export { inspectUnreadable } from "./unreadable.js";
export { graphPicture } from "./picture/draw.js";
