import { isNode, producers, specOf, type Dim, type Graph, type Node } from "../graph/index.js";
import { sizeOf, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";

/** Attention masks add −100, −10⁴ or −∞ to the scores they hide. No weight of a trained network is this low. */
const MASKED = -50;

/**
 * Finds the weights of a network that does not list them, in the order of its nodes. They are float32 constants of nodes
 * that depend on the image:
 *
 * - Weights and biases: the trained inputs of an op (Conv, Gemm, BatchNormalization …), and either side of a MatMul. A
 *   constant counts from one element up if it has an axis: `[1]` is the bias of a single logit. A scalar is part of the
 *   layer's formula and is not trained. If ops compute the input from constants (Transpose, Reshape, Cast), those with
 *   more than one element are trained, and each step computes the input again.
 * - Constants behind the first of these layers that go into Add, Sub, Mul, Div or Concat: biases and scales as separate
 *   nodes, position embeddings, class tokens. They have more than one element, except for a `[1]` that is added to a MatMul
 *   with one column. Masks (any value of −50 or less) and the zeros of a padding Concat are not trained.
 *
 * Constants before the first layer are preprocessing and are not trained.
 *
 * @returns the weights as `parameters`, the running statistics as `buffers`.
 */
export function findTrainable(graph: Graph<Dim>, image: string): Pick<Classifier, "parameters" | "buffers"> {
  const made = producers(graph);
  const parameters = new Set<string>();
  const fromImage = new Set([image]);
  const fromLayer = new Set<string>();
  for (const node of graph.nodes) {
    // A product's weights may be on either side.
    const roles = isNode(node, "MatMul") ? [0, 1] : (specOf(node.op).trained ?? []);
    const moving = node.inputs.some((name) => fromImage.has(name));
    if (!moving) continue;
    const weights = roles.flatMap((i) => {
      const name = node.inputs[i] ?? "";
      return isWeight(graph.initializers.get(name)) ? [name] : leavesOf(graph, made, fromImage, name);
    });
    const constants = node.inputs.some((name) => fromLayer.has(name))
      ? joinedConstants(node, graph, made, fromImage)
      : [];
    for (const name of [...weights, ...constants]) parameters.add(name);
    const isLayer = weights.length > 0 || node.inputs.some((name) => fromLayer.has(name));
    for (const name of node.outputs) {
      fromImage.add(name);
      if (isLayer) fromLayer.add(name);
    }
  }
  return { parameters: [...parameters], buffers: runningOf(graph).filter((name) => !parameters.has(name)) };
}

function joinedConstants(
  node: Node,
  graph: Graph<Dim>,
  made: ReadonlyMap<string, Node>,
  fromImage: ReadonlySet<string>,
): string[] {
  if (!isNode(node, "Add", "Sub", "Mul", "Div", "Concat")) return [];
  const found = [
    ...node.inputs.flatMap((name) => leavesOf(graph, made, fromImage, name)),
    ...biasOfOne(node, graph, made),
  ];
  const isPadding = (data: Tensor): boolean =>
    node.op === "Concat" && (data.data as Float32Array).every((value) => value === 0);
  return found.filter((name) => {
    const data = graph.initializers.get(name)!;
    return !isPadding(data) && !(data.data as Float32Array).some((value) => value <= MASKED);
  });
}

/** The bias of a single logit: a list of one number that is added to a MatMul with one column. */
function biasOfOne(
  { op, inputs }: Node,
  { initializers, values }: Graph<Dim>,
  made: ReadonlyMap<string, Node>,
): string[] {
  const isColumn = (name: string): boolean =>
    made.get(name)?.op === "MatMul" && values.get(name)!.shape.at(-1) === 1;
  if (op !== "Add" || !inputs.some(isColumn)) return [];
  return inputs.filter((name) => {
    const data = initializers.get(name);
    return isWeight(data) && data!.data.length === 1;
  });
}

/** Whether a constant in a weight's place is a weight. A scalar is not: it is part of the layer's formula. */
function isWeight(data: Tensor | undefined): boolean {
  return data?.dtype === "float32" && data.shape.length > 0 && data.data.length > 0;
}

/** The weights that a value is computed from; none if it depends on the image. */
function leavesOf(
  { initializers }: Graph<Dim>,
  made: ReadonlyMap<string, Node>,
  fromImage: ReadonlySet<string>,
  value: string,
): string[] {
  const leaves = new Set<string>();
  const seen = new Set<string>();
  const open = [value];
  while (open.length > 0) {
    const name = open.pop()!;
    if (name === "" || seen.has(name)) continue;
    seen.add(name);
    if (fromImage.has(name)) return [];
    const data = initializers.get(name);
    if (data === undefined) open.push(...(made.get(name)?.inputs ?? []));
    else if (data.dtype === "float32" && sizeOf(data.shape) > 1) leaves.add(name);
  }
  return [...leaves];
}

/** Running statistics, which training sets without a gradient. */
function runningOf({ nodes, initializers }: Graph<Dim>): string[] {
  const names = nodes.flatMap(({ op, inputs }) => (specOf(op).running ?? []).map((i) => inputs[i] ?? ""));
  return [...new Set(names)].filter((name) => initializers.get(name)?.dtype === "float32");
}
