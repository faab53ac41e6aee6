import { InputError } from "../../errors/index.js";
import { isFloat } from "../../tensor/index.js";
import type { Dim, Graph, Node, Value } from "../graph.js";
import { rewrite } from "../rewrite.js";
import { fold } from "./fold.js";

/** Most elements of a value that counts as shape arithmetic. Larger constants are left to {@link foldConstants}. */
const SHAPE_ARITHMETIC = 4096;

/**
 * Binds every symbolic dimension of the inputs to a number, infers all types again and evaluates the shape arithmetic
 * that becomes known.
 *
 * @throws InputError if a symbol has no number.
 */
export function bind(graph: Graph<Dim>, dims: Readonly<Record<string, number>>): Graph {
  const inputs = new Map<string, Value>();
  for (const name of graph.inputs) {
    const value = graph.values.get(name)!;
    const shape = value.shape.map((dim) => {
      if (typeof dim === "number") return dim;
      const bound = Object.hasOwn(dims, dim) ? dims[dim] : undefined;
      if (bound === undefined) {
        throw new InputError({
          place: `graph "${graph.name}", input "${name}"`,
          problem: `dimension "${dim}" has no size`,
          remedy: `Bind it, as in bind(graph, { ${JSON.stringify(dim)}: 1 }).`,
        });
      }
      return bound;
    });
    inputs.set(name, { ...value, shape });
  }
  return rewrite<number>(
    graph,
    (node, g) => (isOfWeights(node, graph) ? undefined : fold(node, g, SHAPE_ARITHMETIC)),
    { inputs },
  );
}

/** Whether all floats that a node reads are weights of the graph. Such a node stays, so that it follows its weights. */
function isOfWeights({ inputs }: Node, { initializers, values }: Graph<Dim>): boolean {
  const floats = inputs.filter((name) => name !== "" && isFloat(values.get(name)!.dtype));
  return floats.length > 0 && floats.every((name) => initializers.has(name));
}
