import { attributesOf, namesBehind, type Graph, type Node } from "../graph/index.js";
import { sizeOf } from "../tensor/index.js";

/** What a model computes for one image. */
export interface Operations {
  /** Multiply-adds of convolutions and products of matrices; what papers often call FLOPs. */
  readonly multiplyAdds: number;
  /** Floating-point operations: two per multiply-add, and one per element for the rest. */
  readonly flops: number;
}

type Shape = readonly number[];

interface Shapes {
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
  readonly node: Node;
}

type Count = (shapes: Shapes) => number;

/** An RNN of G gates: T · N · D · G · H · (I + H), of x `[T, N, I]` and weights `[D, G · H, I]`. */
const recurrent: Count = ({ inputs: [x, w, r] }) => x![0]! * x![1]! * w![0]! * w![1]! * (x![2]! + r!.at(-1)!);

/** A product that sums over the last axis of its first operand. */
const product: Count = ({ inputs: [a], outputs: [y] }) => sizeOf(y!) * a!.at(-1)!;

/** Multiply-adds of the ops that consist of them, by name, without biases. */
const MULTIPLY_ADDS: Readonly<Record<string, Count>> = {
  /** |y| · (C / group) · k: a weight is `[M, C / group, kernel]`. */
  Conv: ({ inputs: [, w], outputs: [y] }) => sizeOf(y!) * sizeOf(w!.slice(1)),
  /** |x| · (M / group) · k: every element of x is multiplied by one kernel per channel. */
  ConvTranspose: ({ inputs: [x, w] }) => sizeOf(x!) * sizeOf(w!.slice(1)),
  MatMul: product,
  Gemm: ({ inputs: [a], outputs: [y], node }) =>
    sizeOf(y!) * a![attributesOf(node as Node<"Gemm">).transA === 1 ? 0 : 1]!,
  Einsum: einsum,
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
};

/** The product of the sizes of all letters of the equation. */
function einsum({ inputs, node }: Shapes): number {
  const terms = (node.attributes["equation"] as string).split("->")[0]!.replaceAll(" ", "").split(",");
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    const { length } = inputs[i]!;
    const letters = term.replace("...", "*".repeat(Math.max(0, length - term.replace("...", "").length)));
    // Axes of an ellipsis are distinguished by their position from its end.
    let dots = [...letters].filter((letter) => letter === "*").length;
    [...letters].forEach((letter, axis) => {
      const key = letter === "*" ? `*${dots--}` : letter;
      sizes.set(key, Math.max(sizes.get(key) ?? 1, inputs[i]![axis]!));
    });
  });
  return [...sizes.values()].reduce((all, size) => all * size, 1);
}

/** Ops that only move values, or whose output is known beforehand. */
const MOVING: ReadonlySet<string> = new Set(
  (
    "Identity Reshape Flatten Transpose Squeeze Unsqueeze Expand Concat Split Slice Pad Gather GatherElements GatherND " +
    "ScatterElements ScatterND Shape Size ConstantOfShape Cast Dropout DepthToSpace SpaceToDepth Tile Trilu"
  ).split(" "),
);

/** Ops that read each element of their input once, and return fewer. */
const READING = /^(Reduce|Global|Arg)/;
/** Ops that read a window for each element of their output. */
const WINDOWS: ReadonlySet<string> = new Set(["MaxPool", "AveragePool", "LpPool"]);

/**
 * The operations per image of a bound graph that depend on its inputs; those that depend only on constants run once.
 *
 *   FLOPs = 2 · multiply-adds + Σ elements of the rest
 *
 * The rest counts one per element of the output; a reduction one per element of the input; a pooling one per cell of its
 * windows; ops that only move values count nothing.
 */
export function countOperations(graph: Graph, batchSize: number): Operations {
  const fed = namesBehind(graph, graph.inputs);
  let [multiplyAdds, elements] = [0, 0];
  for (const node of graph.nodes) {
    if (!node.outputs.some((name) => fed.has(name))) continue;
    const shapes = shapesOf(graph, node);
    const count = MULTIPLY_ADDS[node.op];
    if (count !== undefined) multiplyAdds += count(shapes);
    else elements += elementsOf(shapes);
  }
  return {
    multiplyAdds: Math.round(multiplyAdds / batchSize),
    flops: Math.round((2 * multiplyAdds + elements) / batchSize),
  };
}

function shapesOf({ values }: Graph, node: Node): Shapes {
  const of = (name: string): Shape => values.get(name)?.shape ?? [];
  return { inputs: node.inputs.map(of), outputs: node.outputs.map(of), node };
}

function elementsOf({ node, inputs: [x], outputs: [y] }: Shapes): number {
  if (MOVING.has(node.op)) return 0;
  if (READING.test(node.op)) return sizeOf(x!);
  const kernel = node.attributes["kernel_shape"];
  return sizeOf(y!) * (WINDOWS.has(node.op) ? sizeOf(kernel as Shape) : 1);
}
