import { sizeOf } from "../../tensor/index.js";
import type { GraphBuilder } from "../builder.js";
import { attributesOf, isNode } from "../catalogue/index.js";
import { windowOf, windowOutput, type Window } from "../catalogue/windows.js";
import type { Graph, Node, Value } from "../graph.js";
import { rewrite } from "../rewrite.js";

/**
 * Output positions of an image up to which a convolution is rather one product over the whole batch. ONNX Runtime
 * multiplies image by image and so reads the whole weight for each: at 2 × 2 positions it is then bound by memory.
 * Found by timing the layers of ResNets (`bench/small-maps.mjs`).
 */
const FEW_POSITIONS = 16;

/**
 * Writes convolutions on small maps as one matrix product each, where the weight is not constant:
 *
 *   y = W ⋆ x + b   →   Y = W · X + b ,   W `[O, I·T]` , X `[I·T, P·N]` , Y `[O, P·N]`
 *
 * with T kernel taps and P output positions; X holds the pixels that each tap meets (im2col over the batch).
 * Their gradients are then products over the whole batch, too. A convolution with a constant weight is left
 * alone: ONNX Runtime has a layout for it.
 *
 * @param positions output positions of an image up to which it is done.
 */
export function convolutionsAsProducts(graph: Graph, positions: number = FEW_POSITIONS): Graph {
  const isWanted = (node: Node): node is Node<"Conv"> =>
    isSmall(graph, node, positions) && !graph.initializers.has(node.inputs[1]!);
  if (!graph.nodes.some(isWanted)) return graph;
  return rewrite<number>(graph, (node, g) => (isWanted(node) ? [product(g, node)] : undefined));
}

/** Constant weights of convolutions that {@link convolutionsAsProducts} would write as products, were they inputs. */
export function smallMapWeights(graph: Graph, positions: number = FEW_POSITIONS): string[] {
  const names = graph.nodes.flatMap((node) => (isSmall(graph, node, positions) ? [node.inputs[1]!] : []));
  return [...new Set(names)].filter((name) => graph.initializers.has(name));
}

function isSmall(graph: Graph, node: Node, positions: number): node is Node<"Conv"> {
  if (!isNode(node, "Conv") || attributesOf(node).group !== 1) return false;
  const [batch, , ...out] = graph.values.get(node.outputs[0]!)!.shape;
  return batch! > 1 && sizeOf(out) <= positions;
}

function product(g: GraphBuilder, node: Node<"Conv">): Value {
  const [x, weight, bias] = g.inputsOf(node) as [Value, Value, Value?];
  const w = windowOf(attributesOf(node), x.shape.slice(2), weight.shape.slice(2));
  const out = windowOutput(x.shape.slice(2), w);
  const [batch, outChannels] = [x.shape[0]!, weight.shape[0]!];
  const rows = g.op("Reshape", [weight, g.ints([outChannels, sizeOf(weight.shape.slice(1))])]);
  const name = `${node.outputs[0]!}.matmul`;
  const total = g.op("MatMul", [rows, columns(g, x, w, out)], {}, { name });
  const biased =
    bias === undefined ? total : g.op("Add", [total, g.op("Reshape", [bias, g.ints([outChannels, 1])])]);
  const maps = g.op("Reshape", [biased, g.ints([outChannels, ...out, batch])]);
  const perm = [maps.shape.length - 1, ...Array(maps.shape.length - 1).keys()];
  return g.op("Transpose", [maps], { perm });
}

/**
 * `[I·T, P·N]`: for each input channel and kernel tap, the pixel that it meets at every position of every image.
 * The batch is the last axis, so that one Gather copies whole runs.
 */
function columns(g: GraphBuilder, x: Value, w: Window, out: readonly number[]): Value {
  const [batch, inChannels, ...space] = x.shape as [number, number, ...number[]];
  const size = sizeOf(space);
  const perm = [...x.shape.keys()].map((axis) => (axis + 1) % x.shape.length);
  const maps = g.op("Reshape", [g.op("Transpose", [x], { perm }), g.ints([inChannels, size, batch])]);
  const met = indicesOf(w.kernel).flatMap((tap) =>
    indicesOf(out).map((position) => pixelAt(position, tap, space, w)),
  );
  const { rows, zeros } = withZeros(met, size);
  const padded = zeros === 0 ? maps : g.op("Pad", [maps, g.ints([0, 0, 0, 0, zeros, 0])]);
  const whole = rows.length === size && rows.every((row, i) => row === i);
  const gathered = whole ? maps : g.op("Gather", [padded, g.ints(rows)], { axis: 1 });
  return g.op("Reshape", [gathered, g.ints([inChannels * sizeOf(w.kernel), batch * sizeOf(out)])]);
}

/**
 * Rows to gather, where outside of the image rows of zeros follow its `size` pixels: so many that none is read more
 * often than a pixel is, which keeps the gradient of the Gather small.
 */
function withZeros(
  met: readonly (number | undefined)[],
  size: number,
): { readonly rows: readonly number[]; readonly zeros: number } {
  const reads = Array<number>(size).fill(0);
  for (const pixel of met) if (pixel !== undefined) reads[pixel]!++;
  const outside = met.filter((pixel) => pixel === undefined).length;
  const zeros = Math.ceil(outside / Math.max(1, ...reads));
  let next = 0;
  return { rows: met.map((pixel) => pixel ?? size + (next++ % zeros)), zeros };
}

/** Index of the pixel that a kernel tap meets at an output position; undefined outside of the image. */
function pixelAt(
  position: readonly number[],
  tap: readonly number[],
  space: readonly number[],
  w: Window,
): number | undefined {
  let index = 0;
  for (const [axis, length] of space.entries()) {
    const at = position[axis]! * w.strides[axis]! + tap[axis]! * w.dilations[axis]! - w.padsBegin[axis]!;
    if (at < 0 || at >= length) return undefined;
    index = index * length + at;
  }
  return index;
}

/** Every index of an array of this shape, in row-major order. */
function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, length) => indices.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}
