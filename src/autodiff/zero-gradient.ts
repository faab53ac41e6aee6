import type { Dim, Graph, Node } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";
import { ruleOf } from "./rules/index.js";

/**
 * Nodes on the way from one value to another that pass no gradient, because their derivative is zero almost
 * everywhere: Sign, Round, comparisons, casts to integers. A value may still be reached beside them, as the branches
 * of a Where are beside its condition.
 */
export function zeroGradientNodes(graph: Graph<Dim>, from: string, to: string): readonly Node[] {
  const moved = new Set([from]);
  for (const node of graph.nodes) {
    if (stops(graph, node) || !node.inputs.some((input) => moved.has(input))) continue;
    for (const output of node.outputs) if (output !== "") moved.add(output);
  }
  const leads = new Set([to]);
  const zero: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => leads.has(output))) continue;
    for (const input of node.inputs) leads.add(input);
    if (stops(graph, node) && node.inputs.some((input) => moved.has(input))) zero.push(node);
  }
  return zero.reverse();
}

function stops({ values }: Graph<Dim>, node: Node): boolean {
  return (
    ruleOf(node) === undefined ||
    node.outputs.every((name) => name === "" || !isFloat(values.get(name)!.dtype))
  );
}
