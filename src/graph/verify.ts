import { GraphBuilder } from "./builder.js";
import type { Dim, Graph } from "./graph.js";
import { ShapeError } from "./infer.js";

/**
 * Checks what every graph must be: each value defined once and before it is used, names
 * unique, every op in the catalogue with the types its rule gives, outputs defined.
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
          `"${inferred.name}" is ${right}, stated as ${found ?? "nothing"}`,
          `node "${node.name}" (${node.op})`,
        );
      }
    }
  }
  for (const name of graph.outputs) {
    if (!g.has(name)) throw new ShapeError(`output "${name}" is made by no node`);
  }
}

const typeName = ({ dtype, shape }: { dtype: string; shape: readonly Dim[] }): string =>
  `${dtype}[${shape.join(", ")}]`;
