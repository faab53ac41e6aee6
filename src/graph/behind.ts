import type { Dim, Graph, Node } from "./graph.js";

/** `names` and every value that depends on one of them through nodes for which `passes` is true. */
export function namesBehind(
  graph: Graph<Dim>,
  names: Iterable<string>,
  passes: (node: Node) => boolean = () => true,
): ReadonlySet<string> {
  const reached = new Set(names);
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => reached.has(input)) || !passes(node)) continue;
    for (const output of node.outputs) if (output !== "") reached.add(output);
  }
  return reached;
}
