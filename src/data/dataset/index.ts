export { contactSheet } from "./contact-sheet.js";
export { createDataset } from "./create.js";
export type { Batch, Dataset, DatasetRegions, MaskSource, SkippedFile } from "./dataset.js";
export { datasetInfo } from "./info.js";
export { fitOf, type OpenOptions } from "./options.js";
export {
  countByClass,
  indicesByClass,
  placesOf,
  sentences,
  shuffled,
  splitOff,
  stratify,
  subset,
  takeSample,
  type Parts,
  type SplitSize,
} from "./select.js";
