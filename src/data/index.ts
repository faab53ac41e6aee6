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
export {
  findClassFault,
  lookUpClasses,
  mapOntoModel,
  outputsByName,
  readClassMap,
  sortedClasses,
  type ClassLookup,
  type ClassMap,
  type ClassPair,
  type MappedData,
  type ModelClasses,
} from "./classes/index.js";
export { openDataset } from "./sources/index.js";
export type { Augmentation } from "./pixels/index.js";
export { createLoader, type Loader, type LoaderOptions } from "./loader/index.js";
export { checkData, type CheckOptions, type DataCheck, type Duplicates } from "./check/index.js";
