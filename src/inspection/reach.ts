import { stopsGradient } from "../autodiff/index.js";
import { namesBehind, readsOnlyShapes, type Dim, type Graph, type Node } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";

/** Nodes that stop the gradient on any path between two values, even behind others; nodes that only read shapes do not count. */
export function stoppingNodes(graph: Graph<Dim>, from: string, to: string): readonly Node[] {
  const behind = namesBehind(graph, [from]);
  const leads = new Set([to]);
  const found: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => leads.has(name)) || readsOnlyShapes(node)) continue;
    for (const name of node.inputs) leads.add(name);
    const moved = node.inputs.some((name) => behind.has(name) && isFloat(graph.values.get(name)!.dtype));
    if (moved && stopsGradient(graph, node)) found.push(node);
  }
  return found.reverse();
}

/** Whether a gradient can flow back from one value to another: a path without an op whose derivative is zero. */
export function passesGradient(graph: Graph<Dim>, from: string, to: string): boolean {
  return namesBehind(graph, [from], (node) => !stopsGradient(graph, node)).has(to);
}
