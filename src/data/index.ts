export {
  contactSheet,
  datasetInfo,
  placesOf,
  splitOff,
  subset,
  takeSample,
  type Batch,
  type Dataset,
  type DatasetRegions,
  type MaskSource,
  type OpenOptions,
  type Parts,
  type SkippedFile,
  type SplitSize,
} from "./dataset/index.js";
export {
  findClassFault,
  lookUpClasses,
  mapOntoModel,
  outputsByName,
  readClassMap,
  sortedClasses,
  type ClassMap,
  type ClassPair,
  type MappedData,
  type ModelClasses,
} from "./classes/index.js";
export { openDataset } from "./sources/index.js";
export {
  checkCorruptible,
  corrupt,
  CORRUPTIONS,
  frostTextures,
  readFrost,
  scaleFor,
  SEVERITIES,
  type Corruption,
  type CorruptionScale,
  type CorruptOptions,
  type Severity,
} from "./corruptions/index.js";
export { pixelBytes, type Augmentation, type ByteImage } from "./pixels/index.js";
export { createLoader, type Loader, type LoaderOptions } from "./loader/index.js";
export { checkData, type CheckOptions, type DataCheck, type Duplicates } from "./check/index.js";
export type { CheckSummary, ClassCount } from "./check/summary.js";
export type { RegionCount } from "./check/regions.js";
export type { Suspicion } from "./check/suspicious.js";
export type { Fit } from "./pixels/fit.js";
export type { Interpolation } from "./pixels/resize.js";
