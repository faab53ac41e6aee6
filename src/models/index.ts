export { findLogits } from "./find-logits.js";
export { withOneOutput } from "./one-output.js";
export { bindBatch, bindForInference, bindForTraining, fixedBatchSize } from "./bound.js";
export type { Denoising, ModelDefence, NoiseSpec, RandomResize } from "./defence.js";
export type { BoundClassifier, Classifier, Tap } from "./classifier.js";
export { drawRandomInputs, type RandomInput, type ResizeDraw } from "./random-inputs.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export { ARCHITECTURES, createClassifier } from "./architectures.js";
export { type ClassifierOptions, type ResNetSpec } from "./resnet.js";
export { trainForm, type BatchStatistics } from "./train-form.js";
export { loadWeights, readWeightsFile } from "./load-weights.js";
export { checkUnits, type PreprocessingNames } from "./check-units.js";
export {
  classifierFromFile,
  classifierFromModel,
  isOwnModel,
  layoutOf,
  loadClassifier,
  type LoadOptions,
} from "./load.js";
export {
  descriptionPath,
  findGraphStart,
  labelsOfDescription,
  readDescription,
  readForeignConfig,
  readNamesBeside,
  writeDescription,
  type PartlyKnown,
  type GraphStart,
  type ModelDescription,
  type NamesBeside,
} from "./description/index.js";
export { isOpaque, openOpaque, type AnyClassifier, type OpaqueClassifier, type OpaqueRun } from "./opaque.js";
export { anyFromFile, loadAnyClassifier, type LoadAnyOptions } from "./load-any.js";
export { WHOLE_RANGE, wholeInput } from "./image-input.js";
export { readImported, withHeadFor, type Imported, type ImportedOptions } from "./imported/read-imported.js";
export { writeBack } from "./imported/write-back.js";
export { withLogarithm } from "./logarithm.js";
export type { KnownImageShape } from "./open-shape.js";
export type { Preprocessing } from "./preprocess.js";
export { gridOf, tapActivation, type Tokens } from "./tokens.js";
export { withoutSaturation, withStraightThrough } from "./straight-through.js";
export { saveClassifier } from "./save.js";
export { expectsNormalised, initialiseFrom } from "./initialise-from.js";
export { headOf, IMAGENET_NORMALIZATION, trunkOf } from "./trunk.js";
