import { deadCode, dropExpands, foldConstants, modelFromGraph, standardGraph } from "../../graph/index.js";
import type { Graph } from "../../graph/index.js";
import type { Model } from "../../onnx/index.js";
import { blockSize } from "./convolution/block-size.js";
import { blockedConvolutions } from "./convolution/blocked.js";
import { chooseForms } from "./convolution/index.js";
import { COSTS, type Costs } from "./costs.js";
import { namedOutputs } from "./outputs.js";
import { rankedScalars } from "./scalars.js";
import { sumsAsAdditions } from "./sums.js";

export { fastConvolutions, weightsToFeed } from "./convolution/index.js";

/** A graph made ready, and the model that ONNX Runtime is given. */
export interface Lowered {
  readonly graph: Graph;
  readonly model: Model;
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
  const small = deadCode(dropExpands(graph));
  const chosen = standard ? { graph: standardGraph(small), filters: new Map() } : chooseForms(small, costs);
  const folded = deadCode(foldConstants(chosen.graph));
  if (standard) return { graph: folded, model: modelFromGraph(folded) };
  const ready = namedOutputs(rankedScalars(sumsAsAdditions(folded), costs));
  const block = await blockSize();
  if (block === undefined) return { graph: ready, model: modelFromGraph(ready) };
  return { graph: ready, model: blockedConvolutions({ ...chosen, graph: ready }, block, costs) };
}
