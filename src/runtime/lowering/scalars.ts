import type { Graph, Node, Value } from "../../graph/index.js";
import { sizeOf, tensor } from "../../tensor/index.js";
import { freeNames } from "./names.js";

const BINARY: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div"]);
/** Elements from which it is worth a node. */
const MANY = 1024;

/**
 * Gives a scalar the rank of what it meets: where that ends in dimensions of 1, as the weight of a 1 × 1 convolution does,
 * ONNX Runtime takes a scalar of lower rank element by element (2048 × 1024 × 1 × 1: 10.4 ms; with rank 4: .7).
 */
export function rankedScalars(graph: Graph): Graph {
  const values = new Map(graph.values);
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  const freeName = freeNames(values);
  /** Names of the scalars with a rank, by the scalar's name and the rank. */
  const known = new Map<string, string>();
  const ranked = (scalar: Value, rank: number): string => {
    const key = `${rank} ${scalar.name}`;
    const made = known.get(key);
    if (made !== undefined) return made;
    const name = freeName(`${scalar.name}/rank-${rank}`);
    known.set(key, name);
    const shape = Array<number>(rank).fill(1);
    values.set(name, { ...scalar, name, shape });
    const constant = initializers.get(scalar.name);
    if (constant !== undefined) {
      initializers.set(name, { ...constant, shape });
      return name;
    }
    const dims = tensor("int64", [rank], BigInt64Array.from(shape, BigInt));
    const dimsName = freeName(`${name}/shape`);
    initializers.set(dimsName, dims);
    values.set(dimsName, { name: dimsName, dtype: dims.dtype, shape: dims.shape });
    nodes.push({ name, op: "Reshape", inputs: [scalar.name, dimsName], outputs: [name], attributes: {} });
    return name;
  };
  for (const node of graph.nodes) {
    if (!BINARY.has(node.op)) {
      nodes.push(node);
      continue;
    }
    const inputs = node.inputs.map((name) => values.get(name)!);
    const { shape } = values.get(node.outputs[0]!)!;
    const slow = shape.length > 1 && shape.at(-1) === 1 && sizeOf(shape) >= MANY;
    const isSlow = (value: Value): boolean =>
      slow && value.shape.length < shape.length && sizeOf(value.shape) === 1;
    const named = inputs.map((value) => (isSlow(value) ? ranked(value, shape.length) : value.name));
    nodes.push({ ...node, inputs: named });
  }
  return { ...graph, nodes, values, initializers };
}
