import { tensor, type Tensor } from "../../tensor/index.js";
import type { Dim, Graph, Node } from "../graph.js";
import { deadCode } from "./dead-code.js";

const DEFAULT_EPSILON = 1e-5;

/**
 * Folds each inference BatchNormalization into the convolution before it, where both have
 * constant parameters and nothing else reads the convolution's output:
 *
 *   s = γ / √(σ² + ε) ,   W' = s · W ,   b' = s · (b − μ) + β      (Jacob et al. 2018, eq. 14)
 */
export function foldBatchNorm<D extends Dim>(graph: Graph<D>): Graph<D> {
  const readers = new Map<string, number>(graph.outputs.map((name) => [name, 1]));
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  const convolutions = new Map<string, Node>();
  const initializers = new Map(graph.initializers);
  const values = new Map(graph.values);
  const replaced = new Map<string, Node | undefined>();
  const define = (name: string, data: Tensor): string => {
    initializers.set(name, data);
    values.set(name, { name, dtype: data.dtype, shape: data.shape as readonly D[] });
    return name;
  };
  for (const node of graph.nodes) {
    if (node.op === "Conv") convolutions.set(node.outputs[0]!, node);
    if (node.op !== "BatchNormalization" || node.attributes["training_mode"] === 1) continue;
    const conv = convolutions.get(node.inputs[0]!);
    if (conv === undefined || readers.get(node.inputs[0]!) !== 1) continue;
    const folded = foldedParameters(conv, node, initializers);
    if (folded === undefined) continue;
    const stem = node.outputs[0]!;
    replaced.set(conv.name, undefined);
    replaced.set(node.name, {
      ...conv,
      inputs: [
        conv.inputs[0]!,
        define(`${stem}.folded_weight`, folded.weight),
        define(`${stem}.folded_bias`, folded.bias),
      ],
      outputs: [stem],
    });
  }
  const nodes = graph.nodes.flatMap((node) => {
    if (!replaced.has(node.name)) return [node];
    const replacement = replaced.get(node.name);
    return replacement === undefined ? [] : [replacement];
  });
  return deadCode({ ...graph, nodes, initializers, values });
}

function foldedParameters(
  conv: Node,
  norm: Node,
  initializers: ReadonlyMap<string, Tensor>,
): { weight: Tensor; bias: Tensor } | undefined {
  const data = (name: string | undefined): Float32Array | undefined => {
    const found = name === undefined ? undefined : initializers.get(name);
    return found?.dtype === "float32" ? (found.data as Float32Array) : undefined;
  };
  const [weight, oldBias] = [data(conv.inputs[1]), data(conv.inputs[2])];
  const [scale, shift, mean, variance] = norm.inputs.slice(1).map(data);
  if (!weight || !scale || !shift || !mean || !variance || (conv.inputs[2] && !oldBias)) return undefined;
  const epsilon = (norm.attributes["epsilon"] as number | undefined) ?? DEFAULT_EPSILON;
  const channels = scale.length;
  const size = weight.length / channels;
  const newWeight = new Float32Array(weight.length);
  const bias = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const factor = scale[c]! / Math.sqrt(variance[c]! + epsilon);
    bias[c] = ((oldBias?.[c] ?? 0) - mean[c]!) * factor + shift[c]!;
    for (let i = c * size; i < (c + 1) * size; i++) newWeight[i] = weight[i]! * factor;
  }
  const { shape } = initializers.get(conv.inputs[1]!)!;
  return { weight: tensor("float32", shape, newWeight), bias: tensor("float32", [channels], bias) };
}
