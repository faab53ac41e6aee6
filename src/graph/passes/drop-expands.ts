import { broadcastShapes } from "../infer.js";
import type { Graph, Node } from "../graph.js";

/** Operators that broadcast by themselves. */
const BROADCASTING: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Sum"]);

/**
 * Lets operators broadcast what was expanded for them: where an Expand feeds one whose inputs come to its output's shape
 * without it, that reads the small value instead. Gradients of sums and means are full of such copies; those that
 * are needed by nothing any more are {@link deadCode}.
 */
export function dropExpands(graph: Graph): Graph {
  const small = new Map<string, string>();
  for (const { op, inputs, outputs } of graph.nodes) {
    if (op === "Expand") small.set(outputs[0]!, small.get(inputs[0]!) ?? inputs[0]!);
  }
  if (small.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => withSmallInputs(graph, node, small)) };
}

function withSmallInputs(graph: Graph, node: Node, small: ReadonlyMap<string, string>): Node {
  if (!BROADCASTING.has(node.op) || !node.inputs.some((name) => small.has(name))) return node;
  const shapeOf = (name: string): readonly number[] => graph.values.get(name)!.shape;
  const wanted = shapeOf(node.outputs[0]!).join();
  const inputs = [...node.inputs];
  for (const [i, name] of inputs.entries()) {
    const replacement = small.get(name);
    if (replacement === undefined) continue;
    inputs[i] = replacement;
    if (broadcastShapes(...inputs.map(shapeOf)).join() !== wanted) inputs[i] = name;
  }
  return { ...node, inputs };
}
