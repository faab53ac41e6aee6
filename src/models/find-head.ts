import { attributesOf, isNode, producers, type Dim, type Graph, type Node } from "../graph/index.js";
import { sizeOf } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";

/** A tensor of the last layer, and its axis of classes. */
export interface HeadTensor {
  readonly name: string;
  readonly axis: number;
}

/** The last layer: the one that gives one number per class. */
export interface Head {
  /** The Gemm, MatMul or 1×1 Conv. */
  readonly node: Node;
  readonly weight: HeadTensor;
  /** Part of the node itself, or added after it. */
  readonly bias: HeadTensor | undefined;
}

type Search = Pick<Classifier, "graph" | "logits" | "parameters">;

/**
 * The last Gemm, MatMul (with the Add of its bias) or 1×1 Conv that gives the logits, followed only by ops that keep
 * classes apart (reshaping, pooling over space, an activation, a factor). Undefined if the logits are computed
 * differently.
 */
export function findHead({ graph, logits, parameters }: Search): Head | undefined {
  const made = producers(graph);
  const moving = movingValues(graph);
  const isParameter = new Set(parameters);
  let name = logits;
  let axis = 1;
  let bias: HeadTensor | undefined;
  // Each iteration goes back by one node.
  for (;;) {
    const node = made.get(name);
    if (node === undefined) return undefined;
    const shape = graph.values.get(name)!.shape;
    if (isNode(node, "Gemm", "MatMul", "Conv"))
      return layerOf(node, { graph, made, isParameter, axis, bias });
    if (isNode(node, "Add")) {
      const [data, added] = operands(node, moving);
      if (data === undefined || bias !== undefined) return undefined;
      const found = tensorBehind(added, made, isParameter, {
        of: axis - shape.length,
        rank: graph.values.get(added)!.shape.length,
      });
      if (found === undefined && sizeOf(numbers(graph, added)) !== 1) return undefined;
      bias = found;
      name = data;
      continue;
    }
    const before = behind(node, axis, graph, moving);
    if (before === undefined) return undefined;
    [name, axis] = before;
  }
}

const numbers = (graph: Graph<Dim>, name: string): readonly number[] =>
  graph.values.get(name)!.shape as readonly number[];

/** Values that depend on the graph's inputs. */
function movingValues({ inputs, nodes }: Graph<Dim>): ReadonlySet<string> {
  const moving = new Set(inputs);
  for (const node of nodes) {
    if (node.inputs.some((name) => moving.has(name))) for (const name of node.outputs) moving.add(name);
  }
  return moving;
}

/** The computed operand and the constant one. */
function operands({ inputs }: Node, moving: ReadonlySet<string>): [string, string] | [undefined, undefined] {
  const [a, b] = inputs as [string, string];
  if (moving.has(a) === moving.has(b)) return [undefined, undefined];
  return moving.has(a) ? [a, b] : [b, a];
}

/** For an op that keeps classes apart: its input, and the input's axis of classes. */
function behind(
  node: Node,
  axis: number,
  graph: Graph<Dim>,
  moving: ReadonlySet<string>,
): [string, number] | undefined {
  const [input] = node.inputs as [string];
  const from = graph.values.get(input)!.shape;
  const to = graph.values.get(node.outputs[0]!)!.shape;
  if (isNode(node, "Identity", "Cast", "Relu", "Clip", "GlobalAveragePool", "AveragePool")) {
    return [input, axis];
  }
  if (isNode(node, "Mul", "Div")) {
    const [data, factor] = operands(node, moving);
    return data !== undefined && sizeOf(numbers(graph, factor)) === 1 ? [data, axis] : undefined;
  }
  if (isNode(node, "Transpose")) {
    const { perm } = attributesOf(node);
    return [input, perm === undefined ? from.length - 1 - axis : perm[axis]!];
  }
  if (isNode(node, "ReduceMean") && to.length === from.length) return [input, axis];
  if (isNode(node, "Reshape", "Flatten", "Squeeze", "ReduceMean")) {
    // The only axis of that size: all others are the batch, ones, or axes of the mean.
    const wide = from.flatMap((dim, i) => (i > 0 && dim === to[axis] ? [i] : []));
    const kept = isNode(node, "ReduceMean") || from.every((dim, i) => i === 0 || i === wide[0] || dim === 1);
    return wide.length === 1 && kept ? [input, wide[0]!] : undefined;
  }
  return undefined;
}

interface Layer {
  readonly graph: Graph<Dim>;
  readonly made: ReadonlyMap<string, Node>;
  readonly isParameter: ReadonlySet<string>;
  readonly axis: number;
  readonly bias: HeadTensor | undefined;
}

function layerOf(node: Node<"Gemm" | "MatMul" | "Conv">, layer: Layer): Head | undefined {
  const { graph, made, isParameter, axis } = layer;
  const rank = graph.values.get(node.outputs[0]!)!.shape.length;
  const own = node.inputs[2] ?? "";
  let weightAxis: number;
  if (isNode(node, "Conv")) {
    const kernel = numbers(graph, node.inputs[1]!);
    if (axis !== 1 || attributesOf(node).group !== 1 || sizeOf(kernel.slice(2)) !== 1) return undefined;
    weightAxis = -kernel.length;
  } else {
    if (axis !== rank - 1) return undefined;
    weightAxis = isNode(node, "Gemm") && attributesOf(node).transB === 1 ? -2 : -1;
  }
  const at = (name: string, of: number): HeadTensor | undefined =>
    tensorBehind(name, made, isParameter, { of, rank: graph.values.get(name)!.shape.length });
  const weight = at(node.inputs[1]!, weightAxis);
  if (weight === undefined) return undefined;
  if (own === "") return { node, weight, bias: layer.bias };
  // Two biases would have to be replaced by one.
  return layer.bias === undefined ? { node, weight, bias: at(own, -1) } : undefined;
}

/** The parameter that a value equals or is a transposed copy of, with its axis of classes (`of` counts from the end). */
function tensorBehind(
  value: string,
  made: ReadonlyMap<string, Node>,
  isParameter: ReadonlySet<string>,
  { of, rank }: { readonly of: number; readonly rank: number },
): HeadTensor | undefined {
  let axis = rank + of;
  let name = value;
  for (;;) {
    if (isParameter.has(name)) return axis >= 0 ? { name, axis } : undefined;
    const node = made.get(name);
    if (isNode(node, "Transpose")) {
      const { perm } = attributesOf(node);
      axis = perm === undefined ? rank - 1 - axis : perm[axis]!;
    } else if (!isNode(node, "Identity", "Cast")) return undefined;
    name = node.inputs[0]!;
  }
}
