import { isNode, producers, specOf, type Dim, type Graph, type Node } from "../graph/index.js";
import { sizeOf, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";

/** Attention masks add -100, -10⁴ or -∞ to what they hide. No weight of a trained network is this low. */
const MASKED = -50;

/**
 * The weights of a network that names none, in the order of its nodes. The following float32 tensors with more than one
 * element are trained:
 *
 * - weights and biases by their role in an op (Conv, Gemm, MatMul, BatchNormalization …), including lists of one number:
 *   the bias of a single logit;
 * - constants that are added to, multiplied by or concatenated with the output of such a layer: biases and scales as
 *   separate nodes, position embeddings, class tokens. Constants before the first layer are preprocessing and are not
 *   trained; neither are masks.
 *
 * Ops of constants (Transpose, Reshape, Cast) may follow a weight: they are then recomputed at each step.
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

/** The list of one number that is added to a product with one column: the bias of a single logit. */
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

/** Whether a constant in the place of a weight is one: a scalar is a factor or a constant in the layer's formula. */
function isWeight(data: Tensor | undefined): boolean {
  return data?.dtype === "float32" && data.shape.length > 0 && data.data.length > 0;
}

/** Weights from which a value is computed; none if it depends on the image. */
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
