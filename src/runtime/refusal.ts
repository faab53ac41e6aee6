import { InputError } from "../errors/index.js";

/** How ONNX Runtime names a node in its messages: `Node (NAME) Op (TYPE)`, `Name:'NAME'`, `Node:NAME`. */
const NODE = /(?:\bNode ?\(|\bNode: ?|\bnode with name '|\bName: ?'|\bNode name: )([^'()\s][^'()]*)/i;
/** What says nothing to a user. */
const NOISE = /^Non-zero status code returned while running |Status Message: |\b[\w/.-]+\.(?:cc|h):\d+ /g;

/**
 * ONNX Runtime's refusal of a graph, or of what a run found in it, as an InputError that names the node where it does.
 */
export function refusal(graph: string, what: string, cause: unknown): InputError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const node = NODE.exec(message)?.[1]?.trim();
  return new InputError({
    place: node === undefined ? `graph "${graph}"` : `graph "${graph}", node "${node.slice(0, 200)}"`,
    problem: `${what}: ${message.replace(NOISE, "").trim().slice(0, 600)}`,
    remedy: /alloc|memory/i.test(message)
      ? "It needs more memory than there is: use a smaller batch size, or smaller images."
      : "ONNX Runtime refuses it: look at this node in the model, or export the model again with another opset.",
    cause,
  });
}
