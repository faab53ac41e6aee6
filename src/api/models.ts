/**
 * From `holdfast`: read, create and write classifiers.
 *
 * @example
 * ```ts
 * import { loadClassifier, saveClassifier } from "holdfast";
 *
 * const classifier = await loadClassifier("my-model.onnx", { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
 * console.log(classifier.classNames, classifier.taps.map(({ name }) => name));
 * // The normalisation is part of the graph now: the file takes pixels in [0, 1].
 * await saveClassifier(classifier, "normalised.onnx");
 * ```
 * @module Models
 */
export {
  ARCHITECTURES,
  createClassifier,
  isOpaque,
  loadAnyClassifier,
  loadClassifier,
  saveClassifier,
} from "../models/index.js";
export type {
  AnyClassifier,
  Classifier,
  ClassifierOptions,
  ImportedOptions,
  KnownImageShape,
  LoadAnyOptions,
  LoadOptions,
  NamesBeside,
  OpaqueClassifier,
  Preprocessing,
  RandomInput,
  ResNetSpec,
  ResizeDraw,
  Tap,
  Tokens,
} from "../models/index.js";
export { gradientModel } from "../losses/index.js";
export type { GradientModelOptions } from "../losses/index.js";
export { readModelFile, writeModelFile } from "../onnx/index.js";
export type { Attribute, Model, ModelFunction, ModelGraph, ModelNode, ValueInfo } from "../onnx/index.js";
export { inspectionPage, inspectModel } from "../inspection/index.js";
export type { InspectedModel, ModelInspection } from "../inspection/index.js";
export { UnreadableModelError } from "../graph/index.js";
export type {
  AttributeValue,
  Attributes,
  Dim,
  Graph,
  Node,
  OpType,
  UnreadableNode,
  Value,
} from "../graph/index.js";
export type { DType, DataOf, Tensor } from "../tensor/index.js";
