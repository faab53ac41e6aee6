import type { Dim, Graph, Node } from "../graph/index.js";
import type { Tensor } from "../tensor/index.js";

/**
 * Gives every Identity of a weight a weight of its own. PyTorch's exporter writes weights that
 * happen to be equal, such as those of fresh BatchNorms, once and copies them by Identity.
 */
export function untie<D extends Dim>(graph: Graph<D>): Graph<D> {
  const initializers = new Map<string, Tensor>(graph.initializers);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const data = node.op === "Identity" ? initializers.get(node.inputs[0]!) : undefined;
    if (data === undefined) nodes.push(node);
    else initializers.set(node.outputs[0]!, data);
  }
  return { ...graph, nodes, initializers };
}
