import {
  deadCode,
  namesBehind,
  specOf,
  type Dim,
  type Graph,
  type Node,
  type OpType,
} from "../graph/index.js";
import { isFloat } from "../tensor/index.js";

/** Ops with an output near their input, but with derivative 0. */
const NEAR: ReadonlySet<OpType> = new Set(["Round", "Floor", "Ceil", "Sign"]);

/** Ops that grow with their first input, but not where it is far out: there, float32 rounds the derivative to 0. */
const SATURATING: ReadonlySet<OpType> = new Set([
  "Clip",
  "Max",
  "Min",
  "Relu",
  "Tanh",
  "Sigmoid",
  "HardSigmoid",
  "Softsign",
  "Erf",
  "Softmax",
]);

/**
 * The graph with Round, Floor, Ceil and Sign of floats differentiated as the identity (Bengio et al. 2013,
 * arXiv:1308.3432): an estimate that lets gradient-based attacks see past them. Values do not change.
 *
 * @param isWanted which of these nodes to change; all of them by default.
 */
export function withStraightThrough<D extends Dim>(
  graph: Graph<D>,
  isWanted: (node: Node) => boolean = () => true,
): Graph<D> {
  return bend(graph, (node) => NEAR.has(node.op) && isWanted(node));
}

/**
 * The graph with what saturates before its first layer with weights, or after its last, differentiated as the identity:
 * thresholds of the pixels, clipped or squashed logits. Functions between layers are activations; they stay as they are.
 */
export function withoutSaturation<D extends Dim>(graph: Graph<D>, image: string): Graph<D> {
  const behindImage = namesBehind(graph, [image]);
  const layers = graph.nodes.filter(
    ({ op, inputs }) =>
      (op === "MatMul" || specOf(op).trained !== undefined) && inputs.some((name) => behindImage.has(name)),
  );
  const made = layers.flatMap(({ outputs }) => outputs);
  const behindLayer = namesBehind(graph, made);
  const read = layers.flatMap(({ inputs }) => inputs.filter((name) => name !== ""));
  const beforeLayer = new Set(deadCode({ ...graph, outputs: read }).nodes.flatMap(({ outputs }) => outputs));
  return bend(graph, ({ op, inputs: [input], outputs: [output] }) => {
    if (!SATURATING.has(op) || !behindImage.has(input!)) return false;
    return !behindLayer.has(input!) || !beforeLayer.has(output!);
  });
}

/** Marks the nodes whose gradient can pass straight through: from a float to one of the same shape. */
function bend<D extends Dim>(graph: Graph<D>, isWanted: (node: Node) => boolean): Graph<D> {
  const nodes = graph.nodes.map((node) => {
    if (!isWanted(node)) return node;
    const [from, to] = [graph.values.get(node.inputs[0]!)!, graph.values.get(node.outputs[0]!)!];
    const isSame = isFloat(from.dtype) && from.shape.join() === to.shape.join();
    return isSame ? { ...node, straightThrough: true } : node;
  });
  return { ...graph, nodes };
}

/** Names of the nodes that are differentiated in this way, which an ONNX node cannot express. */
export function straightThroughNodes({ nodes }: Graph<Dim>): string[] {
  return nodes.filter(({ straightThrough }) => straightThrough === true).map(({ name }) => name);
}
