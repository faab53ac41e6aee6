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

/** Whether a node reads only the shapes of its inputs, never their elements: it is no path for values or gradients. */
export function readsOnlyShapes({ op }: Node): boolean {
  return op === "Shape" || op === "Size";
}
