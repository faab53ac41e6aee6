import { GraphBuilder } from "./builder.js";
import type { Dim, Graph } from "./graph.js";
import { ShapeError } from "./infer.js";

/**
 * Checks that a graph is well formed: each value is defined once and before its use, names are unique, every op is in
 * the catalogue and has the types that its rule gives, and outputs are defined.
 *
 * @throws ShapeError naming the node that breaks the rule.
 */
export function verifyGraph(graph: Graph<Dim>): void {
  const g = new GraphBuilder<Dim>(graph.name);
  for (const name of graph.inputs) {
    const value = graph.values.get(name);
    if (value === undefined) throw new ShapeError(`input "${name}" has no type`);
    g.input(name, value.dtype, value.shape);
  }
  for (const [name, data] of graph.initializers) g.initializer(name, data);
  for (const node of graph.nodes) {
    for (const inferred of g.node(node)) {
      const stated = graph.values.get(inferred.name);
      const [found, right] = [stated && typeName(stated), typeName(inferred)];
      if (found !== right) {
        throw new ShapeError(
          `"${inferred.name}" is ${right}, declared as ${found ?? "nothing"}`,
          `node "${node.name}" (${node.op})`,
        );
      }
    }
  }
  for (const name of graph.outputs) {
    if (!g.has(name)) throw new ShapeError(`no node computes output "${name}"`);
  }
}

const typeName = ({ dtype, shape }: { dtype: string; shape: readonly Dim[] }): string =>
  `${dtype}[${shape.join(", ")}]`;
