import type { Model, ModelNode } from "../../onnx/index.js";
import { int64, toNumbers, type Tensor } from "../../tensor/index.js";

/**
 * The model for batches of any size, and for another height and width if `size` is given. A file with a fixed batch has
 * it in its input and in the Reshapes of its activations. Whether the whole model works this way only turns out when it
 * is read.
 */
export function openImages(
  model: Model,
  layout: "NCHW" | "NHWC" = "NCHW",
  size?: readonly [height: number, width: number],
): Model {
  const { graph } = model;
  const image = graph.inputs.find(({ shape }) => shape?.length === 4);
  if (image === undefined) return model;
  const [batch, ...axes] = image.shape!;
  const opened = axes.map((dim, i) => {
    const place = layout === "NCHW" ? i - 1 : i;
    return size?.[place] ?? dim;
  });
  const shape = [typeof batch === "number" ? "N" : batch!, ...opened];
  const inputs = graph.inputs.map((input) => (input === image ? { ...input, shape } : input));
  if (typeof batch !== "number") return { ...model, graph: { ...graph, inputs } };
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node) => withOpenBatch(node, batch, initializers));
  return { ...model, graph: { ...graph, inputs, nodes, initializers } };
}

/** Changes a Reshape to a fixed batch into one that keeps the batch of its input. */
function withOpenBatch(node: ModelNode, batch: number, initializers: Map<string, Tensor>): ModelNode {
  if (node.opType !== "Reshape" || node.domain !== "") return node;
  const target = initializers.get(node.inputs[1] ?? "");
  const [first, ...rest] = target === undefined ? [] : toNumbers(target);
  const zeros = node.attributes.get("allowzero");
  const isCopied = zeros?.kind === "int" && zeros.value === 1;
  if (first !== batch || initializers.has(node.inputs[0]!) || (isCopied && rest.includes(0))) return node;
  // 0 means the input's dimension.
  let name = `${node.outputs[0]!}.shape`;
  while (initializers.has(name)) name += "_";
  initializers.set(name, int64([rest.length + 1], [0, ...rest]));
  const attributes = new Map([...node.attributes].filter(([key]) => key !== "allowzero"));
  return { ...node, inputs: [node.inputs[0]!, name], attributes };
}
