import { rewrite, type Graph, type GraphBuilder, type Value } from "../graph/index.js";
import { sizeOf } from "../tensor/index.js";

/** Input `[N, 1]` of a graph with softened signs: c. */
export const WIDTH = "sign_width";
/** With this width every element counts the same: the plain straight-through estimate. */
export const WIDE = 1e6;

/** Steps of a width per mean. Rounding has no gradient, so none passes through the mean. */
const GRID = 2 ** 20;
const SMALLEST = 2 ** -100;

/**
 * The graph whose straight-through Sign(z) is differentiated as
 *
 *   z / (|z| + τ) ,    τ = c · mean |z| ,
 *
 * over each image's own z, instead of as z: an element counts by τ / (|z| + τ)². In a small box only the few signs near 0
 * can change, and for all others the plain estimate gives a direction that leads nowhere. Values do not change.
 *
 * @returns the same graph if it has no such signs.
 */
export function withSoftSigns(graph: Graph, rows: number): Graph {
  const signs = new Set(
    graph.nodes.filter((node) => node.op === "Sign" && node.straightThrough === true).map(({ name }) => name),
  );
  if (signs.size === 0) return graph;
  return rewrite<number>(
    graph,
    (node, g) => {
      if (!signs.has(node.name)) return undefined;
      const z = g.value(node.inputs[0]!);
      const soft = rows === 1 || z.shape[0] === rows ? softened(g, z, rows) : z;
      return [g.op("Sign", [soft], {}, { straightThrough: true })];
    },
    { before: (g) => void g.input(WIDTH, "float32", [rows, 1]) },
  );
}

function softened(g: GraphBuilder, z: Value, rows: number): Value {
  const size = g.op("Abs", [z]);
  const flat = g.op("Reshape", [size, g.ints([rows, sizeOf(z.shape) / rows])]);
  const mean = g.op("ReduceMean", [flat, g.ints([1])], { keepdims: 1 });
  const fixed = g.op("Mul", [g.op("Round", [g.op("Mul", [mean, g.scalar(GRID)])]), g.scalar(1 / GRID)]);
  const width = g.op("Max", [g.op("Mul", [fixed, g.value(WIDTH)]), g.scalar(SMALLEST)]);
  const shape = z.shape.map((_, axis) => (axis === 0 ? rows : 1));
  const spread = g.op("Reshape", [width, g.ints(rows === 1 ? z.shape.map(() => 1) : shape)]);
  return g.op("Div", [z, g.op("Add", [size, spread])]);
}
