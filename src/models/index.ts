export { bindBatch, bindForInference } from "./bound.js";
export type { BoundClassifier, Classifier, Tap } from "./classifier.js";
export { asFloat32, readSafetensors, writeSafetensors, type SafetensorsFile } from "./safetensors.js";
