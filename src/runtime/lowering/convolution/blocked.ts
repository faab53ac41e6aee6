import { attributesOf, freeNames, isNode, type Graph, type Node, type Value } from "../../../graph/index.js";
import type { Attribute, Model, ModelNode } from "../../../onnx/index.js";
import { int64, sizeOf, type Tensor } from "../../../tensor/index.js";
import { COSTS, type Costs } from "../costs.js";
import type { Chosen, FilterSource } from "./index.js";

/** ONNX Runtime's own domain for operators of its blocked layout. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/**
 * Runs convolutions whose weight is not constant in ONNX Runtime's blocked layout `[N, C/b, H, W, b]`: it does so by
 * itself where the weight is constant, which a training's is not. Only the convolution is in the layout:
 *
 *   y = ReorderOutput( nchwc.Conv( ReorderInput(x), blocked W ) ) ,   blocked W `[O/b, I/b, h, w, b of I, b of O]`
 *
 * @param model the graph as a model, node for node.
 * @param block channels of a block, of this processor.
 */
export function blockedConvolutions(
  model: Model,
  { graph, filters }: Chosen,
  block: number,
  { productsACopy }: Pick<Costs, "productsACopy"> = COSTS,
): Model {
  const initializers = new Map(model.graph.initializers);
  const freeName = freeNames(graph.values);
  let found = false;
  const nodes = model.graph.nodes.flatMap((node, i) => {
    const layer = blockedLayer(graph, filters, graph.nodes[i]!, block);
    if (layer === undefined || !paysOff(layer, productsACopy)) return [node];
    found = true;
    const emitter = new Emitter((part) => freeName(`${layer.y.name}/blocked/${part}`), initializers);
    return convolutionInBlocks(node, layer, block, emitter);
  });
  if (!found) return model;
  const opsets = new Map([...model.opsets, [BLOCKED_DOMAIN, 1]] as const);
  const outputs = graph.outputs;
  return { ...model, opsets, graph: { ...model.graph, nodes: needed(nodes, outputs), initializers } };
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
  const { inputs, outputs } = node;
  const [x, weight, y] = [inputs[0]!, inputs[1]!, outputs[0]!].map((name) => graph.values.get(name)!) as [
    Value,
    Value,
    Value,
  ];
  const fits =
    x.dtype === "float32" &&
    x.shape.length === 4 &&
    weight.shape[0]! % block === 0 &&
    weight.shape[1]! % block === 0 &&
    !graph.initializers.has(weight.name);
  const source = filters.get(weight.name);
  // An output of the graph has taken the name of what it puts out.
  const isThere = source !== undefined && graph.values.has(source.name);
  return fits ? { x, weight, y, source: isThere ? source : undefined } : undefined;
}

function paysOff({ x, weight, y, source }: BlockedLayer, least: Costs["productsACopy"]): boolean {
  const products = (sizeOf(y.shape) * sizeOf(weight.shape)) / weight.shape[0]!;
  const copied = sizeOf(x.shape) + sizeOf(y.shape) + 2 * sizeOf(weight.shape);
  const kind = sizeOf(weight.shape.slice(2)) === 1 ? "onePixel" : source === undefined ? "larger" : "rotated";
  return products > least[kind] * copied;
}

/** Operators of the layout, where their inputs are in blocks. */
const IN_BLOCKS: ReadonlySet<string> = new Set(["ReorderInput", "Conv", "ReorderOutput"]);

/** Collects the nodes that stand for one convolution, and their constants. */
class Emitter {
  readonly nodes: ModelNode[] = [];

  constructor(
    readonly nameOf: (part: string) => string,
    readonly initializers: Map<string, Tensor>,
  ) {}

  /** Adds a node; returns its output. */
  op(
    part: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
  ): string {
    const name = this.nameOf(part);
    const domain = IN_BLOCKS.has(opType) ? BLOCKED_DOMAIN : "";
    const outputs = [output ?? name];
    this.nodes.push({
      name,
      opType,
      domain,
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    });
    return outputs[0]!;
  }

  integers(part: string, values: readonly number[]): string {
    const name = this.nameOf(part);
    this.initializers.set(name, int64([values.length], values));
    return name;
  }

  reshape(part: string, input: string, shape: readonly number[]): string {
    return this.op(part, "Reshape", [input, this.integers(`${part}-shape`, shape)]);
  }
}

function convolutionInBlocks(
  node: ModelNode,
  layer: BlockedLayer,
  block: number,
  emitter: Emitter,
): ModelNode[] {
  const [outChannels, , ...kernel] = layer.weight.shape;
  const filter = blockedFilter(layer, block, emitter);
  const image = emitter.op("image", "ReorderInput", [node.inputs[0]!]);
  const maps = emitter.op("maps", "Conv", [image, filter, ...node.inputs.slice(2)], {
    ...Object.fromEntries(node.attributes),
    kernel_shape: { kind: "ints", value: kernel },
  });
  emitter.op(
    "out",
    "ReorderOutput",
    [maps],
    { channels: { kind: "int", value: outChannels! } },
    layer.y.name,
  );
  return emitter.nodes;
}

/** `[O, I, h, w]`, in memory `[O/b, I/b, h, w, b of I, b of O]`. */
function blockedFilter({ weight, source }: BlockedLayer, block: number, emitter: Emitter): string {
  const [outChannels, inChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  const taps = sizeOf(kernel);
  const [outBlocks, inBlocks] = [outChannels / block, inChannels / block];
  // Read as an image, a weight has its blocks of output channels brought innermost by ReorderInput as well.
  const read = source ? [inChannels, outChannels, taps, 1] : [outBlocks, block, inChannels * taps, 1];
  const rows = emitter.reshape("rows", source?.name ?? weight.name, read);
  const columns = emitter.op("columns", "ReorderInput", [rows]);
  const [tiled, perm] = source
    ? [
        [inBlocks, block, outBlocks, taps, block],
        [2, 0, 3, 1, 4],
      ]
    : [
        [outBlocks, inBlocks, block, taps, block],
        [0, 1, 3, 2, 4],
      ];
  let tiles = emitter.reshape("tiles", columns, tiled);
  if (taps > 1 || source) {
    tiles = emitter.op("ordered", "Transpose", [tiles], { perm: { kind: "ints", value: perm } });
  }
  if (taps > 1 && source?.reversed === true) {
    const order = emitter.integers(
      "taps",
      Array.from({ length: taps }, (_, i) => taps - 1 - i),
    );
    tiles = emitter.op("turned", "Gather", [tiles, order], { axis: { kind: "int", value: 2 } });
  }
  return emitter.reshape("filter", tiles, weight.shape);
}

/** Nodes that the outputs need: rotations of weights that nothing reads any more are left out. */
function needed(nodes: readonly ModelNode[], outputs: readonly string[]): ModelNode[] {
  const wanted = new Set(outputs);
  const kept = [...nodes].reverse().filter((node) => {
    if (!node.outputs.some((output) => output !== "" && wanted.has(output))) return false;
    for (const input of node.inputs) wanted.add(input);
    return true;
  });
  return kept.reverse();
}
