import { isNode, type Graph, type Node } from "../../../graph/index.js";
import type { Model } from "../../../onnx/index.js";
import { sizeOf } from "../../../tensor/index.js";
import { takesConvolution, writeConvolution, writeInputGradient } from "./convolution.js";
import { writeBatchNorm, writeElementwise } from "./elementwise.js";
import { createEmitter, type Context, type Emitter } from "./emitter.js";
import { createFusion, type Fuse } from "./fusion.js";
import { takesMaxPoolGradient, writeGlobalPool, writeMaxPoolGradient, writePool } from "./pooling.js";
import { writeConcat, writeSlice } from "./shaping.js";

/** Whether the layout has a form of a gradient, which {@link inBlocks} then takes as it is. */
export function takesGradient(graph: Graph, node: Node, context: Context): boolean {
  return (
    takesMaxPoolGradient(graph, node) || (!isNode(node, "Conv") && takesConvolution(graph, node, context))
  );
}

export type { Context } from "./emitter.js";

export interface InBlocks {
  readonly model: Model;
  /** Share of the numbers that change from run to run which nodes outside of the layout give. */
  readonly plainShare: number;
}

/**
 * A graph as a model whose maps stay in ONNX Runtime's blocked layout from the first convolution with a steady weight to the
 * last: a value is put in blocks where an operator first needs it so, and back where one needs it plain.
 */
export function inBlocks(graph: Graph, context: Context): InBlocks {
  const e = createEmitter(graph, context);
  const done = new Set<Node>();
  const fuse = createFusion(e, done);
  let [kept, all] = [0, 0];
  for (const node of graph.nodes) {
    const numbers = node.outputs
      .filter((name) => name !== "" && !context.isSteady(name))
      .reduce((sum, name) => sum + sizeOf(e.shape(name)), 0);
    all += numbers;
    if (done.has(node) || (numbers > 0 && written(e, node, fuse))) continue;
    e.keep(node);
    kept += numbers;
  }
  return { model: e.model(), plainShare: kept / all };
}

function written(e: Emitter, node: Node, fuse: Fuse): boolean {
  if (isNode(node, "Conv")) return writeConvolution(e, node, fuse);
  if (isNode(node, "ConvInputGradient", "ConvTranspose")) return writeInputGradient(e, node, fuse);
  if (isNode(node, "MaxPoolGradient")) {
    writeMaxPoolGradient(e, node);
    return true;
  }
  if (isNode(node, "MaxPool", "AveragePool")) return writePool(e, node);
  if (isNode(node, "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum"))
    return writeGlobalPool(e, node);
  if (isNode(node, "BatchNormalization")) return writeBatchNorm(e, node, fuse);
  if (isNode(node, "Concat")) return writeConcat(e, node);
  if (isNode(node, "Slice")) return writeSlice(e, node);
  return writeElementwise(e, node, fuse);
}
