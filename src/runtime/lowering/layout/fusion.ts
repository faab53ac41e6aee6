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

export type Fuse = (node: Node) => Fused;

/**
 * Finds what follows a node that nothing else reads: the addition of a map that is there already, then an activation. The
 * nodes that are taken in are added to `done`.
 */
export function createFusion(e: Emitter, done: Set<Node>): Fuse {
  const { graph } = e;
  const readers = readersOf(graph);
  const onlyReader = (value: string): Node | undefined => {
    const found = readers.get(value) ?? [];
    return found.length === 1 ? found[0] : undefined;
  };
  return (node) => {
    const own = node.outputs[0]!;
    let gives = own;
    const addition = onlyReader(gives);
    let fused: Fused = {};
    if (isNode(addition, "Add")) {
      const other = addition.inputs.find((name) => name !== gives);
      const shape = graph.values.get(gives)!.shape;
      if (other !== undefined && e.isMade(other) && sameShape(graph.values.get(other)!.shape, shape)) {
        fused = { sum: e.blocked(other) };
        gives = addition.outputs[0]!;
        done.add(addition);
      }
    }
    const following = onlyReader(gives);
    const activation = following && activationOf(graph, following, gives);
    if (activation !== undefined) {
      fused = { ...fused, activation };
      gives = following!.outputs[0]!;
      done.add(following!);
    }
    return { ...fused, gives };
  };
}

/** Nodes that read each value; an output of the graph is read by nothing that could be taken in. */
function readersOf({ nodes, outputs }: Graph): ReadonlyMap<string, readonly (Node | undefined)[]> {
  const readers = new Map<string, (Node | undefined)[]>(outputs.map((name) => [name, [undefined]]));
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [node]);
      else known.push(node);
    }
  }
  return readers;
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
