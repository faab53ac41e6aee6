import { isNode, rewrite, type Dim, type Graph } from "../graph/index.js";

/**
 * Replaces every Identity of a weight by a separate weight. PyTorch's exporter writes weights that
 * happen to be equal, such as those of fresh BatchNorms, once and copies them by Identity.
 */
export function untie<D extends Dim>(graph: Graph<D>): Graph<D> {
  return rewrite<D>(graph, (node, g) => {
    if (!isNode(node, "Identity")) return undefined;
    const data = g.constantOf(g.value(node.inputs[0]!));
    return data && [g.initializer(node.outputs[0]!, data)];
  });
}
