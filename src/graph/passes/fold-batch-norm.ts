import { tensor } from "../../tensor/index.js";
import type { GraphBuilder } from "../builder.js";
import { attributesOf, isNode } from "../catalogue/index.js";
import type { Dim, Graph, Node, Value } from "../graph.js";
import { rewrite } from "../rewrite.js";
import { deadCode } from "./dead-code.js";

/**
 * Folds each inference BatchNormalization into the convolution before it, if the parameters of both are constants or
 * graph inputs and nothing else reads the convolution's output:
 *
 *   s = γ / √(σ² + ε) ,   W' = s · W ,   b' = s · (b − μ) + β      (Jacob et al. 2018, eq. 14)
 */
export function foldBatchNorm<D extends Dim>(graph: Graph<D>): Graph<D> {
  const isGiven = (name: string): boolean =>
    name === "" || graph.initializers.has(name) || graph.inputs.includes(name);
  const readers = new Map<string, number>(graph.outputs.map((name) => [name, 1]));
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  const folded = rewrite<D>(graph, (node, g) => {
    if (!isNode(node, "BatchNormalization") || attributesOf(node).training_mode === 1) return undefined;
    const conv = g.producer(g.value(node.inputs[0]!));
    if (!isNode(conv, "Conv") || readers.get(node.inputs[0]!) !== 1) return undefined;
    if (![...conv.inputs.slice(1), ...node.inputs.slice(1)].every(isGiven)) return undefined;
    const { weight, bias } = constantParameters(conv, node, g) ?? fedParameters(conv, node, g);
    return [g.again(conv, [g.value(conv.inputs[0]!), weight, bias])];
  });
  return deadCode(folded);
}

interface Folded<D extends Dim> {
  readonly weight: Value<D>;
  readonly bias: Value<D>;
}

function fedParameters<D extends Dim>(
  conv: Node<"Conv">,
  norm: Node<"BatchNormalization">,
  g: GraphBuilder<D>,
): Folded<D> {
  const [, weight, own] = g.inputsOf(conv) as [Value<D>, Value<D>, Value<D>?];
  const [, scale, shift, mean, variance] = g.inputsOf(norm) as Value<D>[];
  const deviation = g.op("Sqrt", [g.op("Add", [variance!, g.scalar(attributesOf(norm).epsilon)])]);
  const factor = g.op("Div", [scale!, deviation]);
  const centred = own === undefined ? g.op("Neg", [mean!]) : g.op("Sub", [own, mean!]);
  const across = weight.shape.map((_, axis) => (axis === 0 ? -1 : 1));
  return {
    weight: g.op("Mul", [weight, g.op("Reshape", [factor, g.ints(across)])]),
    bias: g.op("Add", [g.op("Mul", [centred, factor]), shift!]),
  };
}

/** The parameters as constants; undefined if one of them is a graph input. */
function constantParameters<D extends Dim>(
  conv: Node<"Conv">,
  norm: Node<"BatchNormalization">,
  g: GraphBuilder<D>,
): Folded<D> | undefined {
  const data = (name: string | undefined): Float32Array | undefined => {
    const found = name === undefined || name === "" ? undefined : g.constantOf(g.value(name));
    return found?.dtype === "float32" ? (found.data as Float32Array) : undefined;
  };
  const [weight, oldBias] = [data(conv.inputs[1]), data(conv.inputs[2])];
  const [scale, shift, mean, variance] = norm.inputs.slice(1).map(data);
  if (!weight || !scale || !shift || !mean || !variance || (conv.inputs[2] && !oldBias)) return undefined;
  const { epsilon } = attributesOf(norm);
  const channels = scale.length;
  const size = weight.length / channels;
  const newWeight = new Float32Array(weight.length);
  const bias = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const factor = scale[c]! / Math.sqrt(variance[c]! + epsilon);
    bias[c] = ((oldBias?.[c] ?? 0) - mean[c]!) * factor + shift[c]!;
    for (let i = c * size; i < (c + 1) * size; i++) newWeight[i] = weight[i]! * factor;
  }
  const { shape } = g.value(conv.inputs[1]!);
  const stem = norm.outputs[0]!;
  return {
    weight: g.initializer(`${stem}.folded_weight`, tensor("float32", shape as readonly number[], newWeight)),
    bias: g.initializer(`${stem}.folded_bias`, tensor("float32", [channels], bias)),
  };
}
