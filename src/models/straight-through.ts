import type { Dim, Graph, Node, OpType } from "../graph/index.js";
import { isFloat } from "../tensor/index.js";

/** Ops with an output near their input, but with derivative 0. */
const NEAR: ReadonlySet<OpType> = new Set(["Round", "Floor", "Ceil", "Sign"]);

/**
 * The graph with Round, Floor, Ceil and Sign of floats differentiated as the identity (Bengio et al. 2013,
 * arXiv:1308.3432): an estimate that lets gradient-based attacks see past them. Values do not change.
 *
 * @param isWanted which of these nodes to change; all of them by default.
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

/** Names of the nodes that are differentiated in this way, which an ONNX node cannot express. */
export function straightThroughNodes({ nodes }: Graph<Dim>): string[] {
  return nodes.filter(({ straightThrough }) => straightThrough === true).map(({ name }) => name);
}
