import type { Tensor } from "../../tensor/index.js";
import type { Dim, Graph, Value } from "../graph.js";

/** Turns the initializers `names` into inputs, after the graph's own. Names that it does not have are ignored. */
export function parametersAsInputs<D extends Dim>(graph: Graph<D>, names: readonly string[]): Graph<D> {
  const moved = names.filter((name) => graph.initializers.has(name));
  const initializers = new Map(graph.initializers);
  for (const name of moved) initializers.delete(name);
  return { ...graph, inputs: [...graph.inputs, ...moved], initializers };
}

/** Gives initializers (or inputs) new values of the same type and shape. */
export function withInitializers<D extends Dim>(
  graph: Graph<D>,
  replaced: ReadonlyMap<string, Tensor>,
): Graph<D> {
  const initializers = new Map(graph.initializers);
  const values = new Map(graph.values);
  for (const [name, data] of replaced) {
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`graph "${graph.name}" has no value "${name}"`);
    if (value.dtype !== data.dtype || value.shape.join() !== data.shape.join()) {
      throw new RangeError(
        `"${name}" is ${value.dtype}[${value.shape.join(", ")}], found ${data.dtype}[${data.shape.join(", ")}]`,
      );
    }
    initializers.set(name, data);
    values.set(name, { name, dtype: data.dtype, shape: data.shape as readonly D[] } satisfies Value<D>);
  }
  return { ...graph, inputs: graph.inputs.filter((name) => !replaced.has(name)), initializers, values };
}
