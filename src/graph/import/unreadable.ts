import { InputError, type ErrorDetails } from "../../errors/index.js";

/** A node that cannot be read, and why. */
export interface UnreadableNode {
  readonly node: string;
  /** The op, prefixed with its domain unless that is ONNX's own. */
  readonly op: string;
  readonly problem: string;
}

/** A model with nodes that cannot be read. `nodes` has all of them, the message only the first. */
export class UnreadableModelError extends InputError {
  readonly nodes: readonly UnreadableNode[];

  constructor(details: ErrorDetails, nodes: readonly UnreadableNode[]) {
    super(details);
    this.nodes = nodes;
  }
}

const RANDOM: ReadonlySet<string> = new Set(
  "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial Bernoulli".split(" "),
);

/** Whether the node draws random numbers itself: its model answers differently at each run, so results could not be reproduced. */
export function drawsNumbers({ op, problem }: Pick<UnreadableNode, "op" | "problem">): boolean {
  // An unsupported Dropout is in training mode.
  return RANDOM.has(op) || (op === "Dropout" && problem.startsWith("training_mode"));
}

const NO_GRADIENT = "the float32 model it was made from: rounding has no gradient";

/** What it would take to read such a node. */
export function neededFor({ op, problem }: Pick<UnreadableNode, "op" | "problem">): string {
  if (drawsNumbers({ op, problem })) return "an export in eval mode, which removes this node";
  if (/QLinear|QGemm|QuantizeLinear|DequantizeLinear|Integer/.test(op)) return NO_GRADIENT;
  if (op.startsWith("com.microsoft.nchwc.")) {
    return "the model before optimisation, or saved at the level ORT_ENABLE_EXTENDED: this layout is for one kind of processor";
  }
  if (problem.includes("of the domain")) {
    return "an export with ONNX's own operators, from before an optimiser fused them";
  }
  if (problem === "this op is not known") {
    return `an export that writes ${op} with other operators, as older opsets do`;
  }
  return "an export in eval mode, with fixed shapes, that avoids this";
}
