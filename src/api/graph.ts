/**
 * Graphs and their gradients: read an ONNX model, differentiate it, write it or run it. This part loads neither image
 * decoders nor attacks.
 *
 * @module holdfast/graph
 */
export { readModel, readModelFile, writeModel, writeModelFile } from "../onnx/index.js";
export {
  bind,
  deadCode,
  foldConstants,
  graphFromModel,
  GraphBuilder,
  modelFromGraph,
  printGraph,
  standardGraph,
  UnreadableModelError,
  verifyGraph,
} from "../graph/index.js";
export { appendGradients, gradient } from "../autodiff/index.js";
export { compile, createWorkerRuntime } from "../runtime/index.js";
export { tensor } from "../tensor/index.js";

export type {
  Attribute,
  ExternalLocation,
  ExternalReference,
  Model,
  ModelFunction,
  ModelGraph,
  ModelNode,
  ReadExternal,
  ReadOptions,
  ValueInfo,
  WriteOptions,
} from "../onnx/index.js";
export type {
  AttributeValue,
  Attributes,
  Dim,
  ExportOptions,
  Graph,
  ImportOptions,
  Node,
  OpOptions,
  OpType,
  UnreadableNode,
  Value,
} from "../graph/index.js";
export type { DType, DataOf, Tensor } from "../tensor/index.js";
export type { ErrorDetails, HoldfastError, InputError } from "../errors/index.js";
export type { AppendGradientsOptions, Recompute } from "../autodiff/index.js";
export type { CompileOptions, Feeds, Program, WorkerRuntime } from "../runtime/index.js";
