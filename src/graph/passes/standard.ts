import { sizeOf } from "../../tensor/index.js";
import type { GraphBuilder } from "../builder.js";
import { attributesOf, isNode, isStandardOp } from "../catalogue/index.js";
import { indicesOf, reachOf, windowAttributes, windowOf, type Window } from "../catalogue/windows.js";
import { padZeros, reshapeTo } from "../emit.js";
import type { Graph, Node, Value } from "../graph.js";
import { rewrite } from "../rewrite.js";

/** Rewrites this library's own ops, which gradients use, so that the graph contains only standard ONNX ops. */
export function standardGraph(graph: Graph): Graph {
  if (graph.nodes.every(({ op }) => isStandardOp(op))) return graph;
  return rewrite<number>(graph, (node, g) => {
    const written = standardForm(node, g);
    return written && [written];
  });
}

/** Emits an op of this library's own as standard ONNX ops; undefined for a node that is standard already. */
export function standardForm(node: Node, g: GraphBuilder): Value | undefined {
  if (isNode(node, "ConvInputGradient")) return transposedConvolution(g, node);
  if (isNode(node, "MaxPoolGradient")) return scattered(g, node);
  return isNode(node, "ConvWeightGradient") ? productsOfImages(g, node) : undefined;
}

/** Scatters the cotangent to the indices that MaxPool gives. Overlapping windows add up. */
function scattered(g: GraphBuilder, node: Node<"MaxPoolGradient">): Value {
  const [x, arrived] = g.inputsOf(node) as [Value, Value];
  const { shape } = x;
  const indices = g.ops("MaxPool", [x], attributesOf(node), { outputs: 2 })[1]!;
  const flat = (value: Value): Value => reshapeTo(g, value, [sizeOf(value.shape)]);
  const zeros = g.op("Expand", [g.scalar(0, x), g.ints([sizeOf(shape)])]);
  const total = g.op("ScatterElements", [zeros, flat(indices), flat(arrived)], { axis: 0, reduction: "add" });
  return reshapeTo(g, total, shape);
}

/** x_grad = ConvTranspose(u, W). output_padding adds the last pixels, which windows may not reach. */
function transposedConvolution(g: GraphBuilder, node: Node<"ConvInputGradient">): Value {
  const [cotangent, weight] = g.inputsOf(node) as [Value, Value];
  const { image_shape, group, ...attributes } = attributesOf(node);
  const w = windowOf(attributes, image_shape, weight.shape.slice(2));
  const output_padding = reachOf(cotangent.shape.slice(2), w).map(
    (reach, i) => image_shape[i]! - (reach - w.padsBegin[i]! - w.padsEnd[i]!),
  );
  return g.op("ConvTranspose", [cotangent, weight], { ...windowAttributes(w), group, output_padding });
}

/**
 * One batched product per kernel tap, summed over the batch: `[N, G, O/G, P] · [N, G, P, I/G]`, where P is the number
 * of positions.
 */
function productsOfImages(g: GraphBuilder, node: Node<"ConvWeightGradient">): Value {
  const [image, cotangent] = g.inputsOf(node) as [Value, Value];
  const { group, ...attributes } = attributesOf(node);
  const w = windowOf(attributes, image.shape.slice(2));
  const [batch, outChannels, ...out] = cotangent.shape as [number, number, ...number[]];
  const [inChannels, positions] = [image.shape[1]!, sizeOf(out)];
  const rows = reshapeTo(g, cotangent, [batch, group, outChannels / group, positions]);
  const padded = padZeros(g, image, [0, 0, ...w.padsBegin], [0, 0, ...w.padsEnd]);
  return fromTaps(g, { padded, first: 2, w, out }, [outChannels, inChannels / group], (pixels) => {
    const columns = reshapeTo(g, pixels, [batch, group, inChannels / group, positions]);
    const swapped = g.op("Transpose", [columns], { perm: [0, 1, 3, 2] });
    return g.op("ReduceSum", [g.op("MatMul", [rows, swapped]), g.ints([0])], { keepdims: 0 });
  });
}

/** A padded image whose spatial axes begin at `first`, and a window with `out` positions over it. */
interface Windowed {
  readonly padded: Value;
  readonly first: number;
  readonly w: Window;
  readonly out: readonly number[];
}

/** A weight `[O, I, …k]` with `channels` O and I. `product` computes each tap from the pixels that it meets. */
export function fromTaps(
  g: GraphBuilder,
  windowed: Windowed,
  channels: readonly number[],
  product: (pixels: Value) => Value,
): Value {
  const { kernel } = windowed.w;
  const taps = indicesOf(kernel).map((tap) =>
    reshapeTo(g, product(pixelsOf(g, windowed, tap)), [...channels, 1]),
  );
  const all = taps.length === 1 ? taps[0]! : g.op("Concat", taps, { axis: 2 });
  return reshapeTo(g, all, [...channels, ...kernel]);
}

/** The pixels that one tap meets, as a strided slice. */
function pixelsOf(g: GraphBuilder, { padded, first, w, out }: Windowed, tap: readonly number[]): Value {
  const starts = tap.map((index, i) => index * w.dilations[i]!);
  const ends = starts.map((start, i) => start + (out[i]! - 1) * w.strides[i]! + 1);
  const axes = tap.map((_, i) => i + first);
  const whole = axes.every(
    (axis, i) => starts[i] === 0 && ends[i] === padded.shape[axis] && w.strides[i] === 1,
  );
  if (whole) return padded;
  return g.op("Slice", [padded, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(w.strides)]);
}
