import { attributesOf, isNode, type Node } from "../../../graph/index.js";
import { sameShape } from "../../../tensor/index.js";
import { convolve } from "./convolution.js";
import { intsOf, isMaps, type Emitter } from "./emitter.js";

/** Which axes of maps a node sums, "0,2,3" or "2,3" among others; undefined where it is no sum of maps. */
export function summedAxes(e: Emitter, node: Node | undefined): string | undefined {
  if (!isNode(node, "ReduceSum", "ReduceMean") || !isMaps(e.graph, node.inputs[0])) return undefined;
  const axes = intsOf(e, node.inputs[1]).map((axis) => (axis + 4) % 4);
  return axes.sort().join();
}

/** Σ over the batch and the pixels: a vector of a number for each channel, in whole blocks. `maps` are in blocks, of the shape of `value`. */
export function sumOfChannels(e: Emitter, maps: string, value: string): string {
  const [batch, channels, height, width] = e.blockedShape(value);
  const flat = e.reshape(maps, [(batch * channels) / e.block, height * width, e.block]);
  return overBatch(e, e.op("ReduceSum", [flat, e.ints([1])], { keepdims: 0 }), value);
}

/** Σ over the batch and the pixels of a · b, in one pass. */
export function productOfChannels(e: Emitter, [a, b]: readonly [string, string], value: string): string {
  return overBatch(e, productOfMaps(e, [a, b], value), value);
}

/** Σ over the pixels of a · b, `[N, C, 1, 1]` in blocks: each map of a is convolved with that of b. */
function productOfMaps(e: Emitter, [a, b]: readonly [string, string], value: string): string {
  const [batch, channels, height, width] = e.blockedShape(value);
  const group = batch * channels;
  const products = convolve(e, e.reshape(a, [1, group, height, width]), {
    filter: e.reshape(b, [group, 1, height, width]),
    kernel: [height, width],
    pads: [0, 0, 0, 0],
    group,
  });
  return e.reshape(products, [batch, channels, 1, 1]);
}

function overBatch(e: Emitter, each: string, value: string): string {
  const [batch, channels] = e.blockedShape(value);
  return e.op("ReduceSum", [e.reshape(each, [batch, channels]), e.ints([0])], { keepdims: 0 });
}

/** Sums and means of maps that are in blocks for each channel, `[C]` or `[1, C, 1, 1]`. */
export function writeChannelSum(e: Emitter, node: Node<"ReduceSum" | "ReduceMean">): boolean {
  const x = node.inputs[0]!;
  if (!e.isBlocked(x) || summedAxes(e, node) !== "0,2,3") return false;
  const sum = sumOfChannels(e, e.blocked(x), x);
  const [batch, , height, width] = e.shape(x) as [number, number, number, number];
  const isMean = isNode(node, "ReduceMean");
  const scaled = isMean ? e.op("Mul", [sum, e.scalar(1 / (batch * height * width))]) : sum;
  giveChannels(e, scaled, node.outputs[0]!);
  return true;
}

/** A vector in whole blocks as a plain value of the graph, without what fills up the last block. */
export function giveChannels(e: Emitter, vector: string, value: string): void {
  const shape = e.shape(value);
  const count = Math.max(...shape);
  const cut = e.padded(count) === count ? vector : e.op("Slice", [vector, e.ints([0]), e.ints([count])]);
  e.op("Reshape", [cut, e.ints(shape)], {}, value);
}

/** A product of maps of which nothing but sums over pixels is read: only these are made. */
export function writeSummedProduct(e: Emitter, node: Node<"Mul">): boolean {
  const [y, [a, b]] = [node.outputs[0]!, node.inputs as [string, string]];
  const sum = e.onlyReader(y);
  const axes = summedAxes(e, sum);
  const areMaps = [a, b].every((name) => isMaps(e.graph, name) && sameShape(e.shape(name), e.shape(y)));
  if (!isNode(sum, "ReduceSum") || !areMaps || !(e.isBlocked(a) || e.isBlocked(b))) return false;
  if (axes !== "0,2,3" && (axes !== "2,3" || attributesOf(sum).keepdims !== 1)) return false;
  const factors = [e.blocked(a), e.blocked(b)] as const;
  if (axes === "0,2,3") giveChannels(e, productOfChannels(e, factors, y), sum.outputs[0]!);
  else e.give(sum.outputs[0]!, productOfMaps(e, factors, y));
  e.takeIn(sum);
  return true;
}
