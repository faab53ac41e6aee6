export {
  contactSheet,
  datasetInfo,
  placesOf,
  splitOff,
  subset,
  takeSample,
  type Batch,
  type ContactSheetOptions,
  type Dataset,
  type DatasetInfo,
  type DatasetRegions,
  type MaskSource,
  type OpenOptions,
  type Parts,
  type SkippedFile,
  type SplitSize,
} from "./dataset/index.js";
export { findClassFault, sortedClasses } from "./class-names.js";
export { lookUpClasses, type ClassLookup, type ModelClasses } from "./class-lookup.js";
export {
  mapOntoModel,
  outputsByName,
  readClassMap,
  type ClassMap,
  type ClassPair,
  type MappedData,
} from "./map-classes.js";
export { openDataset } from "./open.js";
export type { Augmentation } from "./pixels/index.js";
export { createLoader, type Loader, type LoaderOptions } from "./loader/index.js";
export { checkData, type CheckOptions, type DataCheck, type Duplicates } from "./check.js";
