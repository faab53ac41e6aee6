import type { GraphBuilder } from "../builder.js";
import { attributesOf, isNode } from "../catalogue/index.js";
import { windowAttributes, windowOf } from "../catalogue/windows.js";
import type { Graph, Node } from "../graph.js";
import { normaliseAxis } from "../infer.js";
import { rewrite } from "../rewrite.js";

/**
 * Makes zeros that a Pad puts around a convolution's maps the convolution's own pads: the same sums without a copy of the
 * maps, forward and backward. Keras and TensorFlow models in timm pad strided convolutions in this way. The Pad stays, for
 * whatever else reads it.
 *
 * @param graph with known shapes.
 */
export function foldPads(graph: Graph): Graph {
  if (graph.nodes.every(({ op }) => op !== "Pad")) return graph;
  return rewrite<number>(graph, (node, g) => {
    if (!isNode(node, "Conv")) return undefined;
    const [padded, weight, bias] = g.inputsOf(node);
    const pad = g.producer(padded!);
    const zeros = isNode(pad, "Pad") ? zerosAround(pad, g) : undefined;
    if (zeros === undefined) return undefined;
    const { group, ...attributes } = attributesOf(node);
    const window = windowOf(attributes, padded!.shape.slice(2), weight!.shape.slice(2));
    const padsBegin = window.padsBegin.map((own, i) => own + zeros.begin[i]!);
    const padsEnd = window.padsEnd.map((own, i) => own + zeros.end[i]!);
    // Kernels for maps in blocks take no pad that a whole window fits into.
    const isUsual = [...padsBegin, ...padsEnd].every((length, i) => {
      const axis = i % padsBegin.length;
      return length <= window.dilations[axis]! * (window.kernel[axis]! - 1);
    });
    if (!isUsual) return undefined;
    const [x] = g.inputsOf(pad!);
    return [
      g.op("Conv", [x, weight, bias], { ...windowAttributes({ ...window, padsBegin, padsEnd }), group }),
    ];
  });
}

/** How many zeros a Pad adds at both ends of each spatial axis; undefined if it does anything else. */
function zerosAround(
  pad: Node<"Pad">,
  g: GraphBuilder<number>,
): { readonly begin: readonly number[]; readonly end: readonly number[] } | undefined {
  const [x, pads, value, axes] = g.inputsOf(pad);
  const numbers = (of: typeof pads): number[] | undefined => {
    const data = of && g.constantOf(of)?.data;
    return data && Array.from(data as ArrayLike<number | bigint>, Number);
  };
  const lengths = numbers(pads);
  const rank = x!.shape.length;
  const named = axes === undefined ? x!.shape.map((_, axis) => axis) : numbers(axes);
  const isZero = value === undefined || numbers(value)?.every((each) => each === 0) === true;
  if (attributesOf(pad).mode !== "constant" || !isZero || lengths === undefined || named === undefined)
    return undefined;
  const [begin, end] = [Array<number>(rank).fill(0), Array<number>(rank).fill(0)];
  named.forEach((axis, i) => {
    begin[normaliseAxis(axis, rank)] = lengths[i]!;
    end[normaliseAxis(axis, rank)] = lengths[i + named.length]!;
  });
  const isSpatial = [begin, end].every(
    ([n, c, ...rest]) => n === 0 && c === 0 && rest.every((count) => count >= 0),
  );
  return isSpatial ? { begin: begin.slice(2), end: end.slice(2) } : undefined;
}
