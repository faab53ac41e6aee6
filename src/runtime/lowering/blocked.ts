import { producers, type Graph, type Node, type Value } from "../../graph/index.js";
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
 */
export function blockedConvolutions(
  model: Model,
  graph: Graph,
  block: number,
  pays: (layer: Layer) => boolean = paysOff,
): Model {
  const initializers = new Map(model.graph.initializers);
  const made = producers(graph);
  let found = false;
  const nodes = model.graph.nodes.flatMap((node, i) => {
    const layer = layerOf(graph, graph.nodes[i]!, block);
    if (layer === undefined || !pays(layer)) return [node];
    found = true;
    const source = sourceOf(graph, made, layer.weight);
    return convolutionInBlocks(node, layer, source, block, (name, data) => initializers.set(name, data));
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
}

function layerOf(graph: Graph, { op, inputs, outputs, attributes }: Node, block: number): Layer | undefined {
  if (op !== "Conv" || (attributes["group"] ?? 1) !== 1) return undefined;
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
  return fits ? { x, weight, y } : undefined;
}

/** Products a copied number from which a 1 × 1 convolution is the faster in blocks (`bench/blocked-convolutions.mjs`). */
const PRODUCTS_A_COPY = 120;

/** Larger kernels always gain: outside of the layout ONNX Runtime first gathers their columns. */
function paysOff({ x, weight, y }: Layer): boolean {
  if (sizeOf(weight.shape.slice(2)) > 1) return true;
  const copied = sizeOf(x.shape) + sizeOf(y.shape) + 2 * sizeOf(weight.shape);
  return sizeOf(y.shape) * weight.shape[1]! > PRODUCTS_A_COPY * copied;
}

function convolutionInBlocks(
  node: ModelNode,
  { weight, y }: Layer,
  source: FilterSource,
  block: number,
  constant: (name: string, data: Tensor) => void,
): ModelNode[] {
  const [outChannels, inChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  const taps = sizeOf(kernel);
  const [outBlocks, inBlocks] = [outChannels / block, inChannels / block];
  const nodes: ModelNode[] = [];
  const emit = (
    part: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = `${y.name}/blocked/${part}`,
  ): string => {
    const domain = IN_BLOCKS.has(part) ? BLOCKED_DOMAIN : "";
    const name = `${y.name}/blocked/${part}`;
    nodes.push({
      name,
      opType,
      domain,
      inputs,
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    });
    return output;
  };
  const integers = (part: string, values: readonly number[]): string => {
    const name = `${y.name}/blocked/${part}`;
    constant(name, tensor("int64", [values.length], BigInt64Array.from(values, BigInt)));
    return name;
  };
  const reshape = (part: string, input: string, shape: readonly number[]): string =>
    emit(part, "Reshape", [input, integers(`${part}-shape`, shape)]);
  // Read as an image, a weight has its blocks of output channels brought innermost by ReorderInput as well.
  const read = source.swapped ? [inChannels, outChannels, taps, 1] : [outBlocks, block, inChannels * taps, 1];
  const columns = emit("columns", "ReorderInput", [reshape("rows", source.name, read)]);
  const [tiled, perm] = source.swapped
    ? [
        [inBlocks, block, outBlocks, taps, block],
        [2, 0, 3, 1, 4],
      ]
    : [
        [outBlocks, inBlocks, block, taps, block],
        [0, 1, 3, 2, 4],
      ];
  let tiles = reshape("tiles", columns, tiled);
  if (taps > 1 || source.swapped) {
    tiles = emit("ordered", "Transpose", [tiles], { perm: { kind: "ints", value: perm } });
  }
  if (source.taps.some((tap, i) => tap !== i)) {
    tiles = emit("turned", "Gather", [tiles, integers("taps", source.taps)], {
      axis: { kind: "int", value: 2 },
    });
  }
  const filter = reshape("filter", tiles, weight.shape);
  const image = emit("image", "ReorderInput", [node.inputs[0]!]);
  const maps = emit("maps", "Conv", [image, filter, ...node.inputs.slice(2)], {
    ...Object.fromEntries(node.attributes),
    kernel_shape: { kind: "ints", value: kernel },
  });
  emit("out", "ReorderOutput", [maps], { channels: { kind: "int", value: outChannels } }, y.name);
  return nodes;
}

/** Parts that are operators of the layout. */
const IN_BLOCKS: ReadonlySet<string> = new Set(["columns", "image", "maps", "out"]);

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
