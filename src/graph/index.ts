export { graphFromModel, type ImportOptions } from "./import/import.js";
export { doublesAsFloats, halvesAsFloats } from "./import/halves.js";
export { drawsNumbers, neededFor, UnreadableModelError, type UnreadableNode } from "./import/unreadable.js";
export { modelFromGraph, type ExportOptions } from "./export.js";
export {
  attributesOf,
  isFlat,
  isStandardOp,
  isNode,
  OP_CATALOGUE,
  specOf,
  type ElementwiseOp,
  type ActivationOp,
  type NormalisationOp,
  type ContractionOp,
  type IndexingOp,
  type FlatOp,
  type ConvolutionOp,
  type PoolingOp,
  type OpType,
  type ReadAttributes,
  type ReductionOp,
  type ShapingOp,
  type TypesOf,
} from "./catalogue/index.js";
export { padZeros, reshapeTo, reversed } from "./emit.js";
export { rewrite } from "./rewrite.js";
export { namesBehind, readsOnlyShapes } from "./behind.js";
export { freeNames } from "./names.js";
export { GraphBuilder, type OpOptions } from "./builder.js";
export {
  producers,
  valueOf,
  type Attributes,
  type AttributeValue,
  type Dim,
  type Graph,
  type Node,
  type Value,
} from "./graph.js";
export { inferContext, normaliseAxis, ShapeError } from "./infer.js";
export { dimensionName } from "./dims.js";
export { reducedAxes } from "./catalogue/reduction.js";
export { sliceBounds } from "./catalogue/shaping.js";
export { columnsOf, TRILINEAR, type TrilinearOp } from "./catalogue/convolution.js";
export {
  indicesOf,
  reachOf,
  windowAttributes,
  windowOf,
  windowOutput,
  type Window,
  type WindowAttributes,
} from "./catalogue/windows.js";
export { bind } from "./passes/bind.js";
export { deadCode } from "./passes/dead-code.js";
export { dropExpands } from "./passes/drop-expands.js";
export { foldBatchNorm } from "./passes/fold-batch-norm.js";
export { foldConstants } from "./passes/fold-constants.js";
export { foldPads } from "./passes/fold-pads.js";
export { parametersAsInputs, withInitializers } from "./passes/parameters.js";
export { fromTaps, standardForm, standardGraph } from "./passes/standard.js";
export { formatCount, printGraph, printValue } from "./print.js";
export { verifyGraph } from "./verify.js";
