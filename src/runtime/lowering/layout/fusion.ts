import { attributesOf, isNode, type Graph, type Node } from "../../../graph/index.js";
import type { Attribute } from "../../../onnx/index.js";
import { sameShape } from "../../../tensor/index.js";
import { floats, type Emitter } from "./emitter.js";

/** What a convolution does on the way out: y = activation(W ⋆ x + b + sum). */
export interface Fused {
  readonly sum?: string;
  readonly activation?: Readonly<Record<string, string | Attribute>>;
  /** The value of the graph that it then gives, rather than its own. */
  readonly gives?: string;
}

/**
 * What follows a node that nothing else reads: the addition of a map that is there already, then an activation. The node takes them
 * in.
 */
export function fuse(e: Emitter, node: Node): Fused & { readonly gives: string } {
  const { graph } = e;
  let gives = node.outputs[0]!;
  const addition = e.onlyReader(gives);
  let fused: Fused = {};
  if (isNode(addition, "Add")) {
    const other = addition.inputs.find((name) => name !== gives);
    const shape = graph.values.get(gives)!.shape;
    if (other !== undefined && e.isMade(other) && sameShape(graph.values.get(other)!.shape, shape)) {
      fused = { sum: e.blocked(other) };
      gives = addition.outputs[0]!;
      e.takeIn(addition);
    }
  }
  const following = e.onlyReader(gives);
  const activation = following && activationOf(graph, following, gives);
  if (activation !== undefined) {
    fused = { ...fused, activation };
    gives = following!.outputs[0]!;
    e.takeIn(following!);
  }
  return { ...fused, gives };
}

/** Attributes of a convolution that ends in this activation of `value`. */
function activationOf(graph: Graph, node: Node, value: string): Fused["activation"] {
  const of = (activation: string, ...parameters: number[]) => ({
    activation,
    ...(parameters.length > 0 && { activation_params: floats(parameters) }),
  });
  if (node.inputs[0] !== value) return undefined;
  if (isNode(node, "Relu", "Sigmoid", "Tanh")) return of(node.op);
  if (isNode(node, "LeakyRelu")) return of(node.op, attributesOf(node).alpha);
  if (isNode(node, "HardSigmoid")) {
    const { alpha, beta } = attributesOf(node);
    return of(node.op, alpha, beta);
  }
  if (!isNode(node, "Clip")) return undefined;
  const bounds = [node.inputs[1], node.inputs[2]].map(
    (name) => graph.initializers.get(name ?? "")?.data[0] as number | undefined,
  );
  return bounds.every((bound) => bound !== undefined) ? of(node.op, ...bounds) : undefined;
}
