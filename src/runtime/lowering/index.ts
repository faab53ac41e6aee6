import { deadCode, dropExpands, foldConstants, modelFromGraph, standardGraph } from "../../graph/index.js";
import type { Graph, Node } from "../../graph/index.js";
import type { Model } from "../../onnx/index.js";
import { blockSize } from "./convolution/block-size.js";
import { blockedConvolutions } from "./convolution/blocked.js";
import { chooseForms, type Chosen } from "./convolution/index.js";
import { COSTS, type Costs } from "./costs.js";
import { clipMasks } from "./layout/clip-masks.js";
import { inBlocks, takesGradient } from "./layout/index.js";
import { layoutBlock } from "./layout/self-test.js";
import { namedOutputs } from "./outputs.js";
import { rankedScalars } from "./scalars.js";
import { sumsAsAdditions } from "./sums.js";

export { fastConvolutions, weightsToFeed } from "./convolution/index.js";

/** A graph made ready, and the model that ONNX Runtime is given. */
export interface Lowered {
  readonly graph: Graph;
  readonly model: Model;
  /** How much ONNX Runtime is to optimise where nothing else is asked for. */
  readonly optimization?: "disabled";
}

/**
 * A graph as the CPU of ONNX Runtime runs it fastest: constants folded, copies dropped, convolutions and their gradients in
 * the form that `costs` say, and operators of ONNX Runtime's own where it is faster with them. With `standard` convolutions
 * and gradients are written out plainly, and there are ONNX's operators alone.
 */
export async function lower(
  graph: Graph,
  { standard, costs = COSTS }: { readonly standard: boolean; readonly costs?: Costs },
): Promise<Lowered> {
  const small = deadCode(foldConstants(dropExpands(graph)));
  if (standard) {
    const folded = deadCode(foldConstants(standardGraph(small)));
    return { graph: folded, model: modelFromGraph(folded) };
  }
  const blocked = await inLayout(small, costs);
  if (blocked !== undefined) return blocked;
  const { graph: ready, filters } = withForms(small, costs);
  const block = await blockSize();
  if (block === undefined) return { graph: ready, model: modelFromGraph(ready) };
  return { graph: ready, model: blockedConvolutions({ graph: ready, filters }, block, costs) };
}

/** Convolutions in their forms, and what ONNX Runtime does not see to by itself. */
function withForms(graph: Graph, costs: Costs, isKept?: (node: Node) => boolean): Chosen {
  const { graph: chosen, filters } = chooseForms(graph, costs, isKept);
  const folded = deadCode(foldConstants(chosen));
  return { graph: namedOutputs(rankedScalars(sumsAsAdditions(folded), costs)), filters };
}

const constantGradients = (graph: Graph): readonly Node[] =>
  graph.nodes.filter(({ op, inputs }) => op === "ConvInputGradient" && graph.initializers.has(inputs[1]!));

/** The graph with its maps in blocks throughout; undefined where that is not to be. */
async function inLayout(graph: Graph, costs: Costs): Promise<Lowered | undefined> {
  if (constantGradients(graph).length < costs.blockedGradients) return undefined;
  const block = await layoutBlock();
  return block === undefined ? undefined : lowerInBlocks(graph, block, costs);
}

/** A folded graph with its maps in blocks of so many channels; undefined where that does not pay. */
export function lowerInBlocks(graph: Graph, block: number, costs: Costs): Lowered | undefined {
  const takes = (node: Node): boolean => takesGradient(graph, node, block);
  if (constantGradients(graph).filter(takes).length < costs.blockedGradients) return undefined;
  const { graph: ready } = withForms(graph, costs, takes);
  const { model, plainShare } = inBlocks(clipMasks(ready), block);
  if (plainShare > costs.plainShare) return undefined;
  return { graph: ready, model, optimization: "disabled" };
}
