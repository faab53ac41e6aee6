import { specOf, type Dim, type Graph, type Node } from "../../graph/index.js";

/** Kinds of operators that a picture distinguishes by colour, the most informative first. */
export const KINDS = [
  "convolution",
  "product",
  "pooling",
  "normalisation",
  "activation",
  "arithmetic",
  "moving",
] as const;
export type Kind = (typeof KINDS)[number];

const MOVING =
  /^(Identity|Reshape|Flatten|Transpose|Squeeze|Unsqueeze|Expand|Split|Slice|Pad|Gather\w*|Scatter\w*|Shape|Size|ConstantOfShape|Cast|Dropout|Tile|DepthToSpace|SpaceToDepth)$/;

export function kindOf({ op }: Node): Kind {
  if (op.startsWith("Conv")) return "convolution";
  if (/^(MatMul|Gemm|Einsum|RNN|GRU|LSTM|Attention)$/.test(op)) return "product";
  if (/Pool|^Resize$/.test(op)) return "pooling";
  if (/Normali[sz]ation$|^LRN$/.test(op)) return "normalisation";
  if (specOf(op).activation === true || op.endsWith("Softmax")) return "activation";
  return MOVING.test(op) ? "moving" : "arithmetic";
}

const SHORT: Readonly<Record<string, string>> = {
  BatchNormalization: "BatchNorm",
  LayerNormalization: "LayerNorm",
  GlobalAveragePool: "GlobalAvgPool",
  AveragePool: "AvgPool",
};

/** `Conv 3×3 /2 64`: the kernel, a stride other than 1, the output channels. */
export function labelOf(graph: Graph<Dim>, node: Node): string {
  const name = SHORT[node.op] ?? node.op;
  const [, weight] = node.inputs.map((input) => graph.values.get(input)?.shape ?? []);
  const shape = graph.values.get(node.outputs[0]!)!.shape;
  switch (kindOf(node)) {
    case "convolution": {
      const kernel = weight!.slice(2).join("×");
      const group = Number(node.attributes["group"] ?? 1);
      const strides = (node.attributes["strides"] ?? [1]) as readonly number[];
      const stride = strides.every((each) => each === 1) ? "" : ` /${strides[0]}`;
      const grouped = group === 1 ? "" : group === shape[1] ? "depthwise " : `in ${group} groups `;
      return `${name} ${kernel}${stride} ${grouped}→ ${shape[1]}`;
    }
    case "product":
      return `${name} → ${node.op === "MatMul" && shape.length > 3 ? shape.slice(1).join("×") : shape.at(-1)}`;
    case "pooling": {
      const kernel = node.attributes["kernel_shape"] as readonly number[] | undefined;
      return kernel === undefined ? name : `${name} ${kernel.join("×")}`;
    }
    default:
      return name;
  }
}

/** `56 × 56` of maps, `197 tokens` of sequences, "vector" of the rest. */
export function resolutionOf(shape: readonly Dim[]): string {
  const [, a, b, c] = shape;
  if (shape.length === 4) {
    const channelsLast = a === b && c !== b;
    return channelsLast ? `${a} × ${b}` : `${b} × ${c}`;
  }
  if (shape.length === 3) return `${a} tokens`;
  return "vector";
}
