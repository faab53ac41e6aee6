export { checkCorruptible, corrupt, type CorruptOptions } from "./corrupt.js";
export { frostTextures } from "./frost-textures.js";
export { readFrost } from "./read-frost.js";
export {
  CORRUPTIONS,
  scaleFor,
  SEVERITIES,
  type Corruption,
  type CorruptionScale,
  type Severity,
} from "./names.js";
