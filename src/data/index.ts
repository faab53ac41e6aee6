export type { Batch, Dataset, DatasetRegions, MaskSource, SkippedFile } from "./dataset.js";
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
export type { OpenOptions } from "./options.js";
export { datasetInfo, type DatasetInfo } from "./info.js";
export { placesOf, splitOff, subset, takeSample, type Parts, type SplitSize } from "./select.js";
export type { Augmentation } from "./pixels/index.js";
export { createLoader, type Loader, type LoaderOptions } from "./loader/index.js";
export { contactSheet, type ContactSheetOptions } from "./contact-sheet.js";
export { checkData, type CheckOptions, type DataCheck, type Duplicates } from "./check.js";
