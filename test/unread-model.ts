import { modelFromGraph } from "../src/graph/index.js";
import type { Model, ValueInfo } from "../src/onnx/index.js";
import { int64 } from "../src/tensor/index.js";
import { int, node, ints } from "./model.js";
import { SMALL_SIZE, smallNetwork } from "./small-network.js";

/** What {@link unreadModel} makes otherwise than by default. */
export interface UnreadChanges {
  readonly input?: Partial<ValueInfo>;
  /** Ends with a softmax. */
  readonly softmax?: boolean;
}

/**
 * The small network behind a Unique, which is not read: its values at their places again are the image as it was. A Cast
 * makes float32 of inputs of other types; whole numbers up to 255, and channels last, become the network's pixels.
 */
export function unreadModel({ input = {}, softmax = false }: UnreadChanges = {}): Model {
  const whole = modelFromGraph(smallNetwork().graph);
  const { graph } = whole;
  const isLast = input.shape?.at(-1) === 1;
  const renamed = graph.nodes.map((each) => ({
    ...each,
    inputs: each.inputs.map((name) => (name === "image" ? "same" : name)),
  }));
  const before = [
    node("Cast", ["image"], "pixels", { to: int(1) }),
    ...(input.dtype === "uint8"
      ? [node("Div", ["pixels", "most"], "seen")]
      : [node("Identity", ["pixels"], "seen")]),
    ...(isLast
      ? [node("Transpose", ["seen"], "first", { perm: ints(0, 3, 1, 2) })]
      : [node("Identity", ["seen"], "first")]),
    node("Unique", ["first"], ["values", "firsts", "places"]),
    node("Gather", ["values", "places"], "flat"),
    node("Reshape", ["flat", "form"], "same"),
  ];
  const after = softmax ? [node("Softmax", [graph.outputs[0]!.name], "y")] : [];
  return {
    ...whole,
    graph: {
      ...graph,
      nodes: [...before, ...renamed, ...after],
      inputs: [{ ...graph.inputs[0]!, ...input }],
      outputs: softmax ? [{ ...graph.outputs[0]!, name: "y" }] : graph.outputs,
      valueInfo: [],
      initializers: new Map([
        ...graph.initializers,
        ["form", int64([4], [-1, 1, SMALL_SIZE, SMALL_SIZE])],
        ["most", { dtype: "float32", shape: [], data: Float32Array.of(255) }],
      ]),
    },
  };
}
