import type { Tensor } from "../tensor/index.js";
import type { Node } from "./graph.js";

/** What is known of the values that a node names. */
export interface KnownValues {
  shape(name: string): readonly number[];
  constant(name: string): Tensor | undefined;
}

/** Whether a node reverses these axes of its input from end to end, and does nothing else. */
export function reversesAxes(node: Node, axes: readonly number[], of: KnownValues): boolean {
  const [input, , , sliced, steps] = node.inputs;
  if (node.op !== "Slice" || !input || !sliced || !steps) return false;
  const [given, by] = [of.constant(sliced), of.constant(steps)];
  return (
    given?.data.join() === axes.join() &&
    by?.data.join() === axes.map(() => -1).join() &&
    of.shape(input).join() === of.shape(node.outputs[0]!).join()
  );
}
