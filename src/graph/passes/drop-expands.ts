import { isNode, type OpType } from "../catalogue/index.js";
import type { Graph, Value } from "../graph.js";
import { broadcastShapes } from "../infer.js";
import { rewrite } from "../rewrite.js";

/** Ops that broadcast their inputs. */
const BROADCASTING: ReadonlySet<OpType> = new Set(["Add", "Sub", "Mul", "Div", "Sum"]);

/**
 * Lets ops broadcast their inputs instead of reading expanded copies. If an Expand feeds an op whose inputs broadcast
 * to the same output shape without it, the op reads the small value. Gradients of sums and means contain many such
 * copies. {@link deadCode} removes Expands that nothing reads any more.
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
