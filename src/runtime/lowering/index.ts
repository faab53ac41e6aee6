import { deadCode, dropExpands, foldConstants, modelFromGraph, type Graph } from "../../graph/index.js";
import type { Model } from "../../onnx/index.js";
import { blockSize } from "./block-size.js";
import { blockedConvolutions } from "./blocked.js";
import { namedOutputs } from "./outputs.js";
import { rankedScalars } from "./scalars.js";
import { sumsAsAdditions } from "./sums.js";

/** A graph made ready, and the model that ONNX Runtime is given. */
export interface Lowered {
  readonly graph: Graph;
  readonly model: Model;
}

/**
 * A graph as the CPU of ONNX Runtime runs it fastest: constants folded, copies dropped, and operators of ONNX Runtime's
 * own where it is faster with them; with `standard` none of those.
 */
export async function lower(graph: Graph, { standard }: { readonly standard: boolean }): Promise<Lowered> {
  const folded = deadCode(foldConstants(deadCode(dropExpands(graph))));
  if (standard) return { graph: folded, model: modelFromGraph(folded) };
  const ready = namedOutputs(rankedScalars(sumsAsAdditions(folded)));
  const model = modelFromGraph(ready);
  const block = await blockSize();
  return { graph: ready, model: block === undefined ? model : blockedConvolutions(model, ready, block) };
}
