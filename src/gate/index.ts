export { compareModels, type CompareOptions, type FileFacts, type Side } from "./compare/compare.js";
export {
  comparisonJsonSchema,
  comparisonSchema,
  type Accuracy,
  type ChangedImage,
  type ComparedModel,
  type Comparison,
  type PairedMeasurement,
  type TransferredAccuracy,
} from "./compare/comparison.js";
export { sizeOfModel, timeModel } from "./compare/latency.js";
export { countPairs, mcnemarExact, pairedDifference, type PairedCounts } from "./compare/paired.js";
