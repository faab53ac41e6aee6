import { GraphBuilder } from "./builder.js";
import type { Dim, Graph, Node, Value } from "./graph.js";

/** What stands in the place of a node: one value an output, in order; undefined where the node stays as it is. */
export type Replacement<D extends Dim> = (node: Node, g: GraphBuilder<D>) => readonly Value<D>[] | undefined;

/**
 * The graph with some of its nodes replaced. Nodes are met in order, with whatever took the place of earlier ones as
 * their inputs (`g.inputsOf(node)`); every type is inferred anew. Values and nodes that take the place of others take
 * their names, and the graph's outputs keep theirs. What nothing reads any more is left to {@link deadCode}.
 *
 * @param options.inputs types of the graph's inputs, where they change.
 * @param options.before emits what comes before the graph's nodes.
 * @throws ShapeError naming the node whose typing rule is broken.
 */
export function rewrite<D extends Dim>(
  graph: Graph<Dim>,
  replacement: Replacement<D>,
  options: {
    readonly inputs?: ReadonlyMap<string, Value<Dim>>;
    readonly before?: (g: GraphBuilder<D>) => void;
  } = {},
): Graph<D> {
  const g = GraphBuilder.over<D>(graph, options.inputs);
  options.before?.(g);
  for (const node of graph.nodes) {
    const replaced = g.replace(node, () => replacement(node, g));
    if (replaced === undefined) g.node(node);
  }
  for (const name of graph.outputs) g.output(g.value(name), name);
  return g.build();
}
