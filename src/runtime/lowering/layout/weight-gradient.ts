import { isNode, reachOf, type Graph, type Node } from "../../../graph/index.js";
import { layerOf, type Layer } from "../convolution/index.js";
import { convolve, kindOf } from "./convolution.js";
import { isMaps, type Context, type Emitter } from "./emitter.js";

/** Whether the layout has a form of the gradient of a convolution's weight: of depthwise ones. */
export function takesWeightGradient(
  graph: Graph,
  node: Node,
  { block }: Context,
): node is Node<"ConvWeightGradient"> {
  if (!isNode(node, "ConvWeightGradient") || !isMaps(graph, node.inputs[0])) return false;
  const layer = layerOf(graph, node);
  const pads = [...layer.w.padsBegin, ...endsOf(layer)];
  // The kernel is the cotangent, spread by the strides: pads must not go beyond it.
  const reaches = layer.maps.slice(2).map((size, i) => layer.w.strides[i]! * (size - 1) + 1);
  return kindOf(layer, block) === "depthwise" && pads.every((pad, i) => pad < reaches[i % 2]!);
}

/** Pads after the last pixels with which every tap meets as many places as the cotangent has; negative where there are more pixels. */
function endsOf({ w, image, maps }: Layer): readonly number[] {
  return reachOf(maps.slice(2), w).map((reach, i) => reach - image[i + 2]! - w.padsBegin[i]!);
}

/**
 * W_grad of a depthwise convolution,
 *
 *   W_grad[c, t] = Σ_n Σ_q u[n, c, q] · x[n, c, s q + d t − p]
 *
 * as a depthwise convolution of x by u: the images of a batch are further channels, strides and dilations swap roles. Blocks of u are in
 * the order of its filter as they are.
 */
export function writeWeightGradient(e: Emitter, node: Node<"ConvWeightGradient">): void {
  const layer = layerOf(e.graph, node);
  const { w, maps, image } = layer;
  const [x, cotangent] = node.inputs as [string, string];
  const [batch, channels, height, width] = e.blockedShape(x);
  const out = maps.slice(2);
  // Where the last pixels are met by no tap, the kernel has further places, which are cut off.
  const ends = endsOf(layer);
  const places = w.kernel.map((size, i) => size + Math.floor(Math.max(0, -ends[i]!) / w.dilations[i]!));
  const each = convolve(e, e.reshape(e.blocked(x), [1, batch * channels, height, width]), {
    filter: e.reshape(e.blocked(cotangent), [batch * channels, 1, ...out]),
    kernel: out,
    strides: w.dilations,
    dilations: w.strides,
    pads: [...w.padsBegin, ...ends.map((end) => Math.max(0, end))],
    group: batch * channels,
  });
  const sum = e.op("ReduceSum", [e.reshape(each, [batch, channels, ...places]), e.ints([0])], {
    keepdims: 1,
  });
  const isWhole = places.every((size, i) => size === w.kernel[i]);
  const cut = isWhole
    ? sum
    : e.reshape(
        e.op("Slice", [
          e.reshape(sum, [channels / e.block, ...places, e.block]),
          e.ints([0, 0]),
          e.ints(w.kernel),
          e.ints([1, 2]),
        ]),
        [1, channels, ...w.kernel],
      );
  const plain = e.blockedOp("ReorderOutput", [cut], { channels: image[1]! });
  e.op("Reshape", [plain, e.ints(e.shape(node.outputs[0]!))], {}, node.outputs[0]);
}
