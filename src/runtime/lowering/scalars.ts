import { isNode, rewrite, type Graph, type GraphBuilder, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { COSTS } from "./costs.js";

/**
 * Gives a scalar the rank of what it meets: where that ends in dimensions of 1, as the weight of a 1 × 1 convolution does,
 * ONNX Runtime takes a scalar of lower rank element by element (2048 × 1024 × 1 × 1: 10.4 ms; with rank 4: .7).
 */
export function rankedScalars(graph: Graph, { manyElements } = COSTS): Graph {
  /** Scalars that have been given a rank, by the rank and the scalar's name. */
  const known = new Map<string, Value>();
  return rewrite<number>(graph, (node, g) => {
    if (!isNode(node, "Add", "Sub", "Mul", "Div")) return undefined;
    const { shape } = graph.values.get(node.outputs[0]!)!;
    if (!(shape.length > 1 && shape.at(-1) === 1 && sizeOf(shape) >= manyElements)) return undefined;
    const inputs = g.inputsOf(node) as readonly Value[];
    const isSlow = (value: Value): boolean => value.shape.length < shape.length && sizeOf(value.shape) === 1;
    if (!inputs.some(isSlow)) return undefined;
    const ranked = (scalar: Value): Value => {
      const key = `${shape.length} ${scalar.name}`;
      const made = known.get(key) ?? withRank(g, scalar, shape.length);
      known.set(key, made);
      return made;
    };
    return [
      g.again(
        node,
        inputs.map((value) => (isSlow(value) ? ranked(value) : value)),
      ),
    ];
  });
}

function withRank(g: GraphBuilder, scalar: Value, rank: number): Value {
  const shape = Array<number>(rank).fill(1);
  const constant = g.constantOf(scalar);
  return constant === undefined
    ? g.op("Reshape", [scalar, g.ints(shape)], {}, { name: `${scalar.name}/rank-${rank}` })
    : g.constant({ ...constant, shape });
}
