import { isNode, type Graph, type Node } from "../../../graph/index.js";
import type { Model } from "../../../onnx/index.js";
import { sizeOf } from "../../../tensor/index.js";
import { takesConvolution, writeConvolution, writeInputGradient } from "./convolution.js";
import { writeBatchNorm } from "./by-channel.js";
import { writeChannelSum, writeSummedProduct } from "./channel-sums.js";
import { writeElementwise } from "./elementwise.js";
import { createEmitter, type Context, type Emitter } from "./emitter.js";
import { takesMaxPoolGradient, writeGlobalPool, writeMaxPoolGradient, writePool } from "./pooling.js";
import { writeProduct } from "./product.js";
import { writeConcat, writeSlice } from "./shaping.js";
import { takesWeightGradient, writeWeightGradient } from "./weight-gradient.js";

/** Whether the layout has a form of a gradient, which {@link inBlocks} then takes as it is. */
export function takesGradient(graph: Graph, node: Node, context: Context): boolean {
  return (
    (context.onlyDepthwise !== true && takesMaxPoolGradient(graph, node)) ||
    takesWeightGradient(graph, node, context) ||
    (!isNode(node, "Conv") && takesConvolution(graph, node, context))
  );
}

export type { Context } from "./emitter.js";

export interface InBlocks {
  readonly model: Model;
  /** Of the numbers that change from run to run and lead to a convolution, the share that nodes outside of the layout give. */
  readonly plainShare: number;
}

/**
 * A graph as a model whose maps stay in ONNX Runtime's blocked layout from the first convolution to the
 * last: a value is put in blocks where an operator first needs it so, and back where one needs it plain.
 */
export function inBlocks(graph: Graph, context: Context): InBlocks {
  const e = createEmitter(graph, context);
  const leading = leadingToConvolutions(graph);
  let [kept, all] = [0, 0];
  for (const node of graph.nodes) {
    const numbers = node.outputs
      .filter((name) => name !== "" && !context.isSteady(name))
      .reduce((sum, name) => sum + sizeOf(e.shape(name)), 0);
    const counted = leading.has(node) ? numbers : 0;
    all += counted;
    if (e.isTakenIn(node) || (numbers > 0 && written(e, node))) continue;
    e.keep(node);
    kept += counted;
  }
  return { model: e.model(), plainShare: kept / all };
}

/** Nodes on which a convolution or the gradient of its input depends: of a training, not those of its optimiser. */
function leadingToConvolutions({ nodes }: Graph): ReadonlySet<Node> {
  const found = new Set<Node>();
  const wanted = new Set<string>();
  for (const node of [...nodes].reverse()) {
    if (!isNode(node, "Conv", "ConvInputGradient") && !node.outputs.some((name) => wanted.has(name)))
      continue;
    found.add(node);
    node.inputs.forEach((name) => wanted.add(name));
  }
  return found;
}

function written(e: Emitter, node: Node): boolean {
  if (isNode(node, "Conv")) return writeConvolution(e, node);
  if (isNode(node, "ConvInputGradient", "ConvTranspose")) return writeInputGradient(e, node);
  if (isNode(node, "ConvWeightGradient")) {
    writeWeightGradient(e, node);
    return true;
  }
  if (e.onlyDepthwise === true) return false;
  if (isNode(node, "MaxPoolGradient")) {
    writeMaxPoolGradient(e, node);
    return true;
  }
  if (isNode(node, "MatMul")) return writeProduct(e, node);
  if (isNode(node, "MaxPool", "AveragePool")) return writePool(e, node);
  if (isNode(node, "Mul") && writeSummedProduct(e, node)) return true;
  if (isNode(node, "ReduceMean", "ReduceSum") && writeChannelSum(e, node)) return true;
  if (isNode(node, "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum"))
    return writeGlobalPool(e, node);
  if (isNode(node, "BatchNormalization")) return writeBatchNorm(e, node);
  if (isNode(node, "Concat")) return writeConcat(e, node);
  if (isNode(node, "Slice")) return writeSlice(e, node);
  return writeElementwise(e, node);
}
