import type { Dim, Graph, Node, OpType } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";

/** Ops that give something near their input, whose derivative is 0. */
const NEAR: ReadonlySet<OpType> = new Set(["Round", "Floor", "Ceil", "Sign"]);

/**
 * The graph with Round, Floor, Ceil and Sign of floats differentiated as if each gave what it is given (Bengio et al. 2013,
 * arXiv:1308.3432): an estimate that lets an attack by gradients see past them. Values stay what they are.
 *
 * @param isWanted which of these nodes; all of them by default.
 */
export function withStraightThrough<D extends Dim>(
  graph: Graph<D>,
  isWanted: (node: Node) => boolean = () => true,
): Graph<D> {
  const nodes = graph.nodes.map((node) =>
    NEAR.has(node.op) && isFloat(graph.values.get(node.inputs[0]!)!.dtype) && isWanted(node)
      ? { ...node, straightThrough: true }
      : node,
  );
  return { ...graph, nodes };
}

/** Names of the nodes that are differentiated so: an ONNX node does not say it. */
export function straightThroughNodes({ nodes }: Graph<Dim>): string[] {
  return nodes.filter(({ straightThrough }) => straightThrough === true).map(({ name }) => name);
}
