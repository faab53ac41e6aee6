export { readForeignConfig, readNamesBeside, type NamesBeside } from "./foreign-config.js";
export { findGraphStart, type GraphStart } from "./graph-start.js";
export {
  descriptionPath,
  labelsOfDescription,
  readDescription,
  writeDescription,
  type PartlyKnown,
  type ModelDescription,
} from "./schema.js";
