import { InputError } from "../errors/index.js";
import type { DeviceName } from "./devices.js";

/** How ONNX Runtime names a node in its messages: `Node (NAME) Op (TYPE)`, `Name:'NAME'`, `Node:NAME`. */
const NODE = /(?:\bNode ?\(|\bNode: ?|\bnode with name '|\bName: ?'|\bNode name: )([^'()\s][^'()]*)/i;
/** What failed where a program was run. */
export const RUN = "could not be run";
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

/** What a device refuses, or where it fails at a run. */
export function deviceRefusal(device: DeviceName, graph: string, what: string, cause: unknown): InputError {
  const { place, problem } = refusal(graph, what, cause);
  return new InputError({
    place: `device ${device}, ${place}`,
    problem,
    remedy:
      "Give --device cpu, or where its memory was too small a smaller batch size. What was kept until now is not lost: the same " +
      "command goes on (train: --resume), on another device too.",
    cause,
  });
}
