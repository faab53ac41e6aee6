import { InputError, type ErrorDetails } from "../../errors/index.js";

/** A node of a file that cannot be read, and why. */
export interface UnreadableNode {
  readonly node: string;
  /** With its domain before it, unless that is ONNX's own. */
  readonly op: string;
  readonly problem: string;
}

/** A model with nodes that cannot be read: all of them, where the message has the first. */
export class UnreadableModelError extends InputError {
  readonly nodes: readonly UnreadableNode[];

  constructor(details: ErrorDetails, nodes: readonly UnreadableNode[]) {
    super(details);
    this.nodes = nodes;
  }
}
