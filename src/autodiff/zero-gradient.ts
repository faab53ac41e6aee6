import { readsOnlyShapes, type Dim, type Graph, type Node } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";
import { ruleOf } from "./rules/index.js";

/**
 * Nodes between two values that pass no gradient, because their derivative is zero almost
 * everywhere: Sign, Round, comparisons, casts to integers. A gradient may still reach a value around them, as it reaches
 * the branches of a Where around its condition. Nodes that only read shapes do not count: there is nothing to pass.
 */
export function zeroGradientNodes(graph: Graph<Dim>, from: string, to: string): readonly Node[] {
  const moved = new Set([from]);
  for (const node of graph.nodes) {
    if (stopsGradient(graph, node) || !node.inputs.some((input) => moved.has(input))) continue;
    for (const output of node.outputs) if (output !== "") moved.add(output);
  }
  const leads = new Set([to]);
  const zero: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => leads.has(output)) || readsOnlyShapes(node)) continue;
    for (const input of node.inputs) leads.add(input);
    if (stopsGradient(graph, node) && node.inputs.some((input) => moved.has(input))) zero.push(node);
  }
  return zero.reverse();
}

/** Whether a node passes no gradient: it has no rule, or none of its outputs is a float. */
export function stopsGradient({ values }: Graph<Dim>, node: Node): boolean {
  return (
    ruleOf(node) === undefined ||
    node.outputs.every((name) => name === "" || !isFloat(values.get(name)!.dtype))
  );
}
