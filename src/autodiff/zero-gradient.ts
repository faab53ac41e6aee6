import { isKnownOp, type Dim, type Graph, type Node } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";
import { RULES } from "./rules/index.js";

/** Through what a gradient cannot pass on its way from a value to another. */
export interface GradientPath {
  /** Whether some way is open: with none, the gradient is zero by construction. */
  readonly open: boolean;
  /** Nodes on a way whose derivative is zero almost everywhere: Sign, Round, comparisons, casts to integers. */
  readonly zero: readonly Node[];
}

/** What lies between `from` and `to`, values of `graph`. */
export function gradientPath(graph: Graph<Dim>, from: string, to: string): GradientPath {
  const moved = new Set([from]);
  for (const node of graph.nodes) {
    if (!stops(graph, node) && node.inputs.some((input) => moved.has(input))) {
      node.outputs.forEach((name) => moved.add(name));
    }
  }
  const leads = new Set([to]);
  const zero: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => leads.has(output))) continue;
    node.inputs.forEach((input) => leads.add(input));
    if (stops(graph, node) && node.inputs.some((input) => moved.has(input))) zero.unshift(node);
  }
  return { open: moved.has(to), zero };
}

function stops({ values }: Graph<Dim>, { op, outputs }: Node): boolean {
  if (isKnownOp(op) && RULES[op] === "zero") return true;
  return outputs.every((name) => name === "" || !isFloat(values.get(name)!.dtype));
}
