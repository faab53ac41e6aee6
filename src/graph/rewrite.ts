import { GraphBuilder } from "./builder.js";
import type { Dim, Graph, Node, Value } from "./graph.js";

/** Replaces a node: returns one value per output, in order, or undefined to keep the node. */
export type Replacement<D extends Dim> = (node: Node, g: GraphBuilder<D>) => readonly Value<D>[] | undefined;

/**
 * Replaces some nodes of a graph. Nodes are visited in order, and `g.inputsOf(node)` gives their inputs after earlier
 * replacements. All types are inferred again. Replacements take the names of what they replace, and the graph's outputs
 * keep theirs. Nodes that nothing reads any more stay; {@link deadCode} removes them.
 *
 * @param options.inputs new types of the graph's inputs, if they change.
 * @param options.before emits nodes before those of the graph.
 * @throws ShapeError naming the node whose inputs break its op's typing rule.
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
