export { bindBatch, bindForInference } from "./bound.js";
export type { BoundClassifier, Classifier, Tap } from "./classifier.js";
export { asFloat32, readSafetensors, writeSafetensors, type SafetensorsFile } from "./safetensors.js";
export { ARCHITECTURES, createClassifier } from "./architectures.js";
export { buildResNet, type ClassifierOptions, type ResNetSpec } from "./resnet.js";
export { trainForm, type BatchStatistics, type TrainForm } from "./train-form.js";
export { loadWeights, readWeightsFile, type LoadWeightsOptions } from "./load-weights.js";
