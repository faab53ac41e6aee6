import {
  attributesOf,
  deadCode,
  isNode,
  rewrite,
  type Graph,
  type Node,
  type Value,
} from "../../../graph/index.js";
import { tensor } from "../../../tensor/index.js";

/** A share of the distance to a bound within which a number counts as being there: a few roundings of float32. */
const AT_BOUND = 2 ** -20;
/** Further bounds lose to rounding what is small between them, and are mostly those of a Clip without effect. */
const FURTHEST = 16;
/** {@link AT_BOUND} of the furthest. */
const NEAR_BOUND = FURTHEST * AT_BOUND;
/** Takes what is left of that above 1. */
const GAIN = 2 ** 60;

/**
 * Masks of clipped maps from what the Clip gives rather than from what it is given, so that it can be the end of the convolution
 * before it: for y = min(max(x, l), u), with m and h the middle of the bounds and their distance from it,
 *
 *   [x = y]  →  [ |y − m| < h ]   as HardSigmoid( g h − g |y − m| )
 *
 * The two differ where x lies on a bound to rounding, as at any kink; so only for maps that a convolution gives, where that is
 * chance. (Pixels lie on the bounds of a picture, and keep their gradient there; so does what a convolution gives of black ones,
 * where that is a bound.)
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
    if (bounds === undefined || y.shape.length !== 4 || y.dtype !== "float32") return undefined;
    const ofZeros = givenZeros(graph, g.producer(x));
    const isAtBound = (value: number): boolean =>
      bounds.some((bound) => Math.abs(value - bound) < NEAR_BOUND);
    if (ofZeros === undefined || ofZeros.some(isAtBound)) return undefined;
    const [middle, half] = [(bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2];
    // One number a channel, so that it is one pass with what follows.
    const channels = y.shape[1]!;
    const less = g.constant(tensor("float32", [1, channels, 1, 1], new Float32Array(channels).fill(-middle)));
    const distance = g.op("LeakyRelu", [g.op("Add", [y, less])], { alpha: -1 });
    return [g.op("HardSigmoid", [distance], { alpha: -GAIN, beta: GAIN * half * (1 - AT_BOUND) })];
  });
  return deadCode(rewritten);
}

/**
 * What a convolution or norm gives of zeros alone, for each channel; nothing where that is fed, and not known: on a bound such a clip then
 * passes no gradient, as PyTorch's ReLU6 and ReLU. Undefined of other operators.
 */
function givenZeros({ initializers }: Graph, node: Node | undefined): readonly number[] | undefined {
  const floats = (name: string | undefined): Float32Array | undefined => {
    const data = initializers.get(name ?? "")?.data;
    return data instanceof Float32Array ? data : undefined;
  };
  if (isNode(node, "Conv")) {
    const bias = node.inputs[2] ?? "";
    return bias === "" ? [0] : Array.from(floats(bias) ?? []);
  }
  if (!isNode(node, "BatchNormalization")) return undefined;
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map(floats);
  if (!gamma || !beta || !mean || !variance) return [];
  const { epsilon } = attributesOf(node);
  return Array.from(beta, (shift, i) => shift - (gamma[i]! * mean[i]!) / Math.sqrt(variance[i]! + epsilon));
}

function boundsOf({ initializers }: Graph, { inputs }: Node<"Clip">): [number, number] | undefined {
  const [lower, upper] = inputs.slice(1).map((name) => initializers.get(name)?.data[0]);
  if (typeof lower !== "number" || typeof upper !== "number") return undefined;
  return lower < upper && Math.max(-lower, upper) <= FURTHEST ? [lower, upper] : undefined;
}
