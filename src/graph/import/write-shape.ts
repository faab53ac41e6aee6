import type { GraphBuilder } from "../builder.js";
import { factorsOf } from "../dims.js";
import type { Dim, Value } from "../graph.js";
import type { ShapeValue } from "../shape-values.js";
import { Unsupported } from "./raise.js";

/**
 * Emits nodes that compute a shape with open dimensions when the graph runs. Each dimension is read from the shape of
 * an input that has it, so the shape is known once the batch is bound.
 */
export function writeShape(g: GraphBuilder<Dim>, { dims, rank, dtype }: ShapeValue): Value<Dim> {
  // A list with a fraction beside an open dimension is not a shape.
  if (dims.some((dim) => typeof dim === "number" && !Number.isSafeInteger(dim))) {
    throw new Unsupported(`computes [${dims.join(", ")}] from open dimensions`);
  }
  const parts = dims.map((dim) => (typeof dim === "number" ? g.ints([dim]) : openDim(g, dim)));
  const list = parts.length === 1 ? parts[0]! : g.op("Concat", parts, { axis: 0 });
  const shaped = rank === 0 ? g.op("Squeeze", [list, g.ints([0])]) : list;
  return dtype === "int64" ? shaped : g.op("Cast", [shaped], { to: dtype });
}

/** Emits a product of open dimensions and a number, as [1]. */
function openDim(g: GraphBuilder<Dim>, dim: Dim): Value<Dim> {
  const { factor, names } = factorsOf(dim);
  const product = names.map((name) => namedDim(g, name)).reduce((a, b) => g.op("Mul", [a, b]));
  return factor === 1 ? product : g.op("Mul", [product, g.ints([factor])]);
}

function namedDim(g: GraphBuilder<Dim>, name: string): Value<Dim> {
  for (const input of g.inputs) {
    const value = g.value(input);
    const axis = value.shape.indexOf(name);
    if (axis >= 0) return g.op("Shape", [value], { start: axis, end: axis + 1 });
  }
  throw new Unsupported(`depends on the open dimension "${name}" in an unsupported way`);
}
