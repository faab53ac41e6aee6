import { deadCode, isNode, rewrite, type Graph, type Node, type Value } from "../../../graph/index.js";
import { tensor } from "../../../tensor/index.js";

/** A share of the distance to a bound within which a number counts as being there: a few roundings of float32. */
const AT_BOUND = 2 ** -20;
/** Takes what is left of that above 1. */
const GAIN = 2 ** 60;

/**
 * Masks of clipped maps from what the Clip gives rather than from what it is given, so that it can be the end of the convolution
 * before it: for y = min(max(x, l), u), with m and h the middle of the bounds and their distance from it,
 *
 *   [x = y]  →  [ |y − m| < h ]   as HardSigmoid( g h − g |y − m| )
 *
 * The two differ where x lies on a bound to rounding, as at any kink; so only for maps that a convolution gives, where that is
 * chance. (Pixels lie on the bounds of a picture, and keep their gradient there.)
 */
export function clipMasks(graph: Graph): Graph {
  if (!graph.nodes.some((node) => isNode(node, "Equal"))) return graph;
  const rewritten = rewrite<number>(graph, (node, g) => {
    if (!isNode(node, "Cast")) return undefined;
    const equal = g.producer(g.value(node.inputs[0]!));
    if (!isNode(equal, "Equal")) return undefined;
    const [x, y] = g.inputsOf(equal) as [Value, Value];
    const clip = g.producer(y);
    const bounds = isNode(clip, "Clip") && clip.inputs[0] === x.name ? boundsOf(graph, clip) : undefined;
    const isConvolved = isNode(g.producer(x), "Conv", "BatchNormalization");
    if (bounds === undefined || !isConvolved || y.shape.length !== 4 || y.dtype !== "float32")
      return undefined;
    const [middle, half] = [(bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2];
    // One number a channel, so that it is one pass with what follows.
    const channels = y.shape[1]!;
    const less = g.constant(tensor("float32", [1, channels, 1, 1], new Float32Array(channels).fill(-middle)));
    const distance = g.op("LeakyRelu", [g.op("Add", [y, less])], { alpha: -1 });
    return [g.op("HardSigmoid", [distance], { alpha: -GAIN, beta: GAIN * half * (1 - AT_BOUND) })];
  });
  return deadCode(rewritten);
}

function boundsOf({ initializers }: Graph, { inputs }: Node<"Clip">): [number, number] | undefined {
  const [lower, upper] = inputs.slice(1).map((name) => initializers.get(name)?.data[0]);
  return typeof lower === "number" && typeof upper === "number" && lower < upper ? [lower, upper] : undefined;
}
