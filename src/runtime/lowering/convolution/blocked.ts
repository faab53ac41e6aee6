import {
  attributesOf,
  deadCode,
  isNode,
  modelFromGraph,
  reshapeTo,
  rewrite,
  type Graph,
  type GraphBuilder,
  type Node,
  type Value,
} from "../../../graph/index.js";
import type { Model } from "../../../onnx/index.js";
import { sizeOf } from "../../../tensor/index.js";
import { COSTS, type Costs } from "../costs.js";
import type { Chosen, FilterSource } from "./index.js";

/** ONNX Runtime's own domain for operators of its blocked layout. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** Operators of the layout by the values that they give; in a graph other operators of the same shapes stand for them. */
export type InBlocks = Map<string, "ReorderInput" | "Conv" | "ReorderOutput">;

/**
 * A graph as a model, with convolutions whose weight is not constant in ONNX Runtime's blocked layout `[N, C/b, H, W, b]`: it
 * does so by itself where the weight is constant, which a training's is not. Only the convolution is in the layout:
 *
 *   y = ReorderOutput( nchwc.Conv( ReorderInput(x), blocked W ) ) ,   blocked W `[O/b, I/b, h, w, b of I, b of O]`
 *
 * @param block channels of a block, of this processor.
 */
export function blockedConvolutions(
  { graph, filters }: Chosen,
  block: number,
  { productsACopy }: Pick<Costs, "productsACopy"> = COSTS,
): Model {
  const layers = new Map<Node, BlockedLayer>();
  for (const node of graph.nodes) {
    const layer = blockedLayer(graph, filters, node, block);
    if (layer !== undefined && paysOff(layer, productsACopy)) layers.set(node, layer);
  }
  const inBlocks: InBlocks = new Map();
  if (layers.size === 0) return blockedModel(graph, inBlocks);
  const blocked = rewrite<number>(graph, (node, g) => {
    const layer = layers.get(node);
    if (layer === undefined) return undefined;
    const [image, , bias] = g.inputsOf(node) as [Value, Value, Value?];
    const made = (operator: "ReorderInput" | "Conv", value: Value): Value => {
      inBlocks.set(value.name, operator);
      return value;
    };
    const filter = blockedFilter(g, layer, block, (rows) => made("ReorderInput", g.op("Identity", [rows])));
    const reordered = made("ReorderInput", g.op("Identity", [image]));
    const kernel_shape = layer.weight.shape.slice(2);
    const maps = g.op("Conv", [reordered, filter, bias], {
      ...attributesOf(node as Node<"Conv">),
      kernel_shape,
    });
    inBlocks.set(node.outputs[0]!, "ReorderOutput");
    return [g.op("Identity", [made("Conv", maps)])];
  });
  return blockedModel(deadCode(blocked), inBlocks);
}

/** The model of a graph, with the layout's operators in the place of those that stand for them. */
export function blockedModel(graph: Graph, inBlocks: InBlocks): Model {
  const model = modelFromGraph(graph);
  if (inBlocks.size === 0) return model;
  const nodes = model.graph.nodes.map((node) => {
    const output = node.outputs[0]!;
    const opType = inBlocks.get(output);
    if (opType === undefined) return node;
    const channels = { kind: "int", value: graph.values.get(output)!.shape[1]! } as const;
    const attributes = opType === "ReorderOutput" ? new Map([["channels", channels]]) : node.attributes;
    return { ...node, opType, domain: BLOCKED_DOMAIN, attributes };
  });
  return {
    ...model,
    opsets: new Map([...model.opsets, [BLOCKED_DOMAIN, 1]]),
    graph: { ...model.graph, nodes },
  };
}

/** A convolution of images: `x [N, I, H, W]`, `weight [O, I, h, w]`, `y [N, O, H', W']`. */
interface BlockedLayer {
  readonly x: Value;
  readonly weight: Value;
  readonly y: Value;
  /** What the weight was made of, where that is another value. */
  readonly source: FilterSource | undefined;
}

function blockedLayer(
  graph: Graph,
  filters: Chosen["filters"],
  node: Node,
  block: number,
): BlockedLayer | undefined {
  if (!isNode(node, "Conv") || attributesOf(node).group !== 1) return undefined;
  const names = [node.inputs[0]!, node.inputs[1]!, node.outputs[0]!];
  const [x, weight, y] = names.map((name) => graph.values.get(name)!) as [Value, Value, Value];
  const isImage = x.dtype === "float32" && x.shape.length === 4;
  const isWhole = weight.shape[0]! % block === 0 && weight.shape[1]! % block === 0;
  if (!isImage || !isWhole || graph.initializers.has(weight.name)) return undefined;
  const source = filters.get(weight.name);
  // An output of the graph has taken the name of what it puts out.
  return { x, weight, y, source: source && graph.values.has(source.name) ? source : undefined };
}

function paysOff({ x, weight, y, source }: BlockedLayer, least: Costs["productsACopy"]): boolean {
  const products = (sizeOf(y.shape) * sizeOf(weight.shape)) / weight.shape[0]!;
  const copied = sizeOf(x.shape) + sizeOf(y.shape) + 2 * sizeOf(weight.shape);
  const kind = sizeOf(weight.shape.slice(2)) === 1 ? "onePixel" : source === undefined ? "larger" : "rotated";
  return products > least[kind] * copied;
}

/** `[O, I, h, w]`, in memory `[O/b, I/b, h, w, b of I, b of O]`. */
function blockedFilter(
  g: GraphBuilder,
  { weight, source }: BlockedLayer,
  block: number,
  reordered: (rows: Value) => Value,
): Value {
  const [outChannels, inChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  const taps = sizeOf(kernel);
  const [outBlocks, inBlocks] = [outChannels / block, inChannels / block];
  // Read as an image, a weight has its blocks of output channels brought innermost by ReorderInput as well.
  const read = source ? [inChannels, outChannels, taps, 1] : [outBlocks, block, inChannels * taps, 1];
  const columns = reordered(reshapeTo(g, g.value(source?.name ?? weight.name), read));
  const tiled = source
    ? [inBlocks, block, outBlocks, taps, block]
    : [outBlocks, inBlocks, block, taps, block];
  let tiles = reshapeTo(g, columns, tiled);
  if (taps > 1 || source) {
    tiles = g.op("Transpose", [tiles], { perm: source ? [2, 0, 3, 1, 4] : [0, 1, 3, 2, 4] });
  }
  if (taps > 1 && source?.reversed === true) {
    tiles = g.op("Gather", [tiles, g.ints([...Array(taps).keys()].reverse())], { axis: 2 });
  }
  return reshapeTo(g, tiles, weight.shape);
}
