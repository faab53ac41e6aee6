import {
  attributesOf,
  freeNames,
  isNode,
  producers,
  type Graph,
  type Node,
  type Value,
} from "../../graph/index.js";
import type { Attribute, Model, ModelNode } from "../../onnx/index.js";
import { sizeOf, tensor, type Tensor } from "../../tensor/index.js";
import { sourceOf, type FilterSource } from "./filter-source.js";

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
 * @param pays which layers to do so for; those that gain by default.
 */
export function blockedConvolutions(
  model: Model,
  graph: Graph,
  block: number,
  pays: (layer: Layer) => boolean = paysOff,
): Model {
  const initializers = new Map(model.graph.initializers);
  const made = producers(graph);
  const freeName = freeNames(graph.values);
  let found = false;
  const nodes = model.graph.nodes.flatMap((node, i) => {
    const layer = layerOf(graph, made, graph.nodes[i]!, block);
    if (layer === undefined || !pays(layer)) return [node];
    found = true;
    const emitter = new Emitter(`${layer.y.name}/blocked`, freeName, initializers);
    return convolutionInBlocks(node, layer, block, emitter);
  });
  if (!found) return model;
  const opsets = new Map([...model.opsets, [BLOCKED_DOMAIN, 1]] as const);
  const outputs = graph.outputs;
  return { ...model, opsets, graph: { ...model.graph, nodes: needed(nodes, outputs), initializers } };
}

/** A convolution of images: `x [N, I, H, W]`, `weight [O, I, h, w]`, `y [N, O, H', W']`. */
export interface Layer {
  readonly x: Value;
  readonly weight: Value;
  readonly y: Value;
  /** What the weight is computed from. */
  readonly source: FilterSource;
}

function layerOf(
  graph: Graph,
  made: ReadonlyMap<string, Node>,
  node: Node,
  block: number,
): Layer | undefined {
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
  return fits ? { x, weight, y, source: sourceOf(graph, made, weight) } : undefined;
}

/**
 * Products a copied number from which a convolution is the faster in blocks (`bench/blocked-convolutions.mjs`): a 1 × 1 one
 * is as fast outside of the layout, before larger kernels ONNX Runtime gathers their columns there.
 */
const PRODUCTS_A_COPY = { onePixel: 120, larger: 40 } as const;

function paysOff({ x, weight, y, source }: Layer): boolean {
  const products = (sizeOf(y.shape) * sizeOf(weight.shape)) / weight.shape[0]!;
  const copied = sizeOf(x.shape) + sizeOf(y.shape) + 2 * sizeOf(weight.shape);
  if (sizeOf(weight.shape.slice(2)) === 1) return products > PRODUCTS_A_COPY.onePixel * copied;
  // A rotated weight would be copied outside of the layout as well.
  return source.name !== weight.name || products > PRODUCTS_A_COPY.larger * copied;
}

type Attributes = Readonly<Record<string, Attribute>>;

/** Operators of the layout, where their inputs are in blocks. */
const IN_BLOCKS: ReadonlySet<string> = new Set(["ReorderInput", "Conv", "ReorderOutput"]);

/** Collects the nodes that stand for one convolution. */
class Emitter {
  readonly nodes: ModelNode[] = [];
  readonly #stem: string;
  readonly #freeName: (stem: string) => string;
  readonly #initializers: Map<string, Tensor>;

  constructor(stem: string, freeName: (stem: string) => string, initializers: Map<string, Tensor>) {
    this.#stem = stem;
    this.#freeName = freeName;
    this.#initializers = initializers;
  }

  /** Adds a node; returns its output. */
  op(
    part: string,
    opType: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output?: string,
  ): string {
    const name = this.#freeName(`${this.#stem}/${part}`);
    const outputs = [output ?? name];
    const domain = IN_BLOCKS.has(opType) ? BLOCKED_DOMAIN : "";
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
    const name = this.#freeName(`${this.#stem}/${part}`);
    this.#initializers.set(name, tensor("int64", [values.length], BigInt64Array.from(values, BigInt)));
    return name;
  }

  reshape(part: string, input: string, shape: readonly number[]): string {
    return this.op(part, "Reshape", [input, this.integers(`${part}-shape`, shape)]);
  }
}

function convolutionInBlocks(node: ModelNode, layer: Layer, block: number, emitter: Emitter): ModelNode[] {
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
function blockedFilter({ weight, source }: Layer, block: number, emitter: Emitter): string {
  const [outChannels, inChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  const taps = sizeOf(kernel);
  const [outBlocks, inBlocks] = [outChannels / block, inChannels / block];
  // Read as an image, a weight has its blocks of output channels brought innermost by ReorderInput as well.
  const read = source.swapped ? [inChannels, outChannels, taps, 1] : [outBlocks, block, inChannels * taps, 1];
  const columns = emitter.op("columns", "ReorderInput", [emitter.reshape("rows", source.name, read)]);
  const [tiled, perm] = source.swapped
    ? [
        [inBlocks, block, outBlocks, taps, block],
        [2, 0, 3, 1, 4],
      ]
    : [
        [outBlocks, inBlocks, block, taps, block],
        [0, 1, 3, 2, 4],
      ];
  let tiles = emitter.reshape("tiles", columns, tiled);
  if (taps > 1 || source.swapped) {
    tiles = emitter.op("ordered", "Transpose", [tiles], { perm: { kind: "ints", value: perm } });
  }
  if (source.taps.some((tap, i) => tap !== i)) {
    const order = emitter.integers("taps", source.taps);
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
