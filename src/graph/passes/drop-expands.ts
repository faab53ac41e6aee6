import { isNode, type OpType } from "../catalogue/index.js";
import type { Graph, Value } from "../graph.js";
import { broadcastShapes } from "../infer.js";
import { rewrite } from "../rewrite.js";

/** Operators that broadcast by themselves. */
const BROADCASTING: ReadonlySet<OpType> = new Set(["Add", "Sub", "Mul", "Div", "Sum"]);

/**
 * Lets operators broadcast what was expanded for them: where an Expand feeds one whose inputs come to its output's shape
 * without it, that reads the small value instead. Gradients of sums and means are full of such copies; those that
 * are needed by nothing any more are {@link deadCode}.
 */
export function dropExpands(graph: Graph): Graph {
  if (!graph.nodes.some((node) => isNode(node, "Expand"))) return graph;
  return rewrite<number>(graph, (node, g) => {
    if (!BROADCASTING.has(node.op)) return undefined;
    const small = (value: Value): Value => {
      const made = g.producer(value);
      return isNode(made, "Expand") ? small(g.value(made.inputs[0]!)) : value;
    };
    const inputs = [...(g.inputsOf(node) as readonly Value[])];
    const wanted = graph.values.get(node.outputs[0]!)!.shape.join();
    let dropped = false;
    for (const [i, value] of inputs.entries()) {
      inputs[i] = small(value);
      if (inputs[i] === value) continue;
      if (broadcastShapes(...inputs.map(({ shape }) => shape)).join() === wanted) dropped = true;
      else inputs[i] = value;
    }
    return dropped ? g.node({ ...node, inputs: inputs.map(({ name }) => name) }) : undefined;
  });
}
