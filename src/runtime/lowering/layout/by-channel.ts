import { attributesOf, isNode, type Node } from "../../../graph/index.js";
import { sameShape, sizeOf, tensor } from "../../../tensor/index.js";
import { giveChannels, productOfChannels, sumOfChannels } from "./channel-sums.js";
import { convolve } from "./convolution.js";
import { isFull, isMaps, ranked, type Emitter } from "./emitter.js";
import { channelsInBlocks, paddedChannels, paddedTensor, sameFilter } from "./filters.js";
import { fuse, type Fused } from "./fusion.js";

/** s and t as names of `[channels in whole blocks, 1, 1, 1]` and of a vector; 1 and 0 where they are not given. */
interface Scale {
  readonly scale?: string;
  readonly shift?: string | undefined;
}

/** s · x + t of maps `x` in blocks, in one pass: a depthwise convolution of 1 × 1. */
function scaled(e: Emitter, x: string, channels: number, factors: Scale & { fused?: Fused }): string {
  return convolve(e, x, {
    filter: factors.scale ?? sameFilter(e, channels, [1, 1], [1]),
    kernel: [1, 1],
    pads: [0, 0, 0, 0],
    group: channels,
    bias: factors.shift,
    fused: factors.fused,
  });
}

/** {@link scaled} with what follows the node. */
function scaleByChannel(e: Emitter, node: Node, x: string, factors: Scale): void {
  const fused = fuse(e, node);
  e.give(fused.gives, scaled(e, e.blocked(x), e.blockedShape(x)[1], { ...factors, fused }));
}

/** The operand with a number for each channel of a node on maps, `[C, 1, 1]` or `[N, C, 1, 1]`. */
function channelOperand(e: Emitter, node: Node): string | undefined {
  const y = node.outputs[0]!;
  const other = node.inputs.find((name) => !isFull(e, name, y));
  const [, c, h, w] = (other === undefined ? undefined : ranked(e, other)) ?? [0, 0, 0, 0];
  return node.inputs.length === 2 && c === e.shape(y)[1] && h * w === 1 ? other : undefined;
}

/** x · s and x + s of a number for each channel, and of a batch of them, in one pass. */
export function writeByChannel(e: Emitter, node: Node<"Add" | "Mul">): boolean {
  const y = node.outputs[0]!;
  const x = node.inputs.find((name) => isFull(e, name, y))!;
  const other = channelOperand(e, node);
  const [batch, channels, height, width] = e.blockedShape(x);
  if (other === undefined || height * width === 1) return false;
  const n = ranked(e, other)![0];
  const count = e.shape(x)[1]!;
  if (n === 1) {
    if (!isNode(node, "Mul")) scaleByChannel(e, node, x, { shift: channelsInBlocks(e, other, count) });
    else {
      const scale = channelsInBlocks(e, other, count, [channels, 1, 1, 1]);
      const [last, shift] = withShift(e, node);
      scaleByChannel(e, last, x, { scale, shift });
    }
    return true;
  }
  if (!isNode(node, "Mul") || !isMaps(e.graph, other)) return false;
  const filter = e.reshape(e.blocked(other), [n * channels, 1, 1, 1]);
  const images = e.reshape(e.blocked(x), [batch / n, n * channels, height, width]);
  e.give(y, e.reshape(scaled(e, images, n * channels, { scale: filter }), [batch, channels, height, width]));
  return true;
}

/** The node that ends s · x + t where a product is followed by the sum with a number for each channel, which it takes in; t. */
function withShift(e: Emitter, product: Node<"Mul">): [last: Node, shift?: string] {
  const next = e.onlyReader(product.outputs[0]!);
  const other = isNode(next, "Add") ? channelOperand(e, next) : undefined;
  if (next === undefined || other === undefined || ranked(e, other)![0] !== 1 || !e.isMade(other)) {
    return [product];
  }
  e.takeIn(next);
  return [next, channelsInBlocks(e, other, e.shape(next.outputs[0]!)[1]!)];
}

/** A BatchNormalization of maps that are in blocks: s · x + t, s = γ / √(σ² + ε), t = β − s μ. */
export function writeBatchNorm(e: Emitter, node: Node<"BatchNormalization">): boolean {
  const [x, ...parameters] = node.inputs as [string, string, string, string, string];
  if (!e.isBlocked(x)) return false;
  if (attributesOf(node).training_mode === 1) return writeTrainedNorm(e, node);
  if (e.takesAnyWeight !== true && !parameters.every((name) => e.isSteady(name))) return false;
  scaleByChannel(e, node, x, constantScale(e, node) ?? fedScale(e, node));
  return true;
}

function constantScale(e: Emitter, node: Node<"BatchNormalization">): Scale | undefined {
  const parameters = node.inputs.slice(1).map((name) => e.graph.initializers.get(name)?.data);
  if (!parameters.every((data) => data instanceof Float32Array)) return undefined;
  const [gamma, beta, mean, variance] = parameters as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const { epsilon } = attributesOf(node);
  const channels = e.padded(gamma.length);
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i]! + epsilon));
  const shift = beta.map((value, i) => value - scale[i]! * mean[i]!);
  return {
    scale: e.constant(paddedTensor(scale, [channels, 1, 1, 1])),
    shift: e.constant(paddedTensor(shift, [channels])),
  };
}

function fedScale(e: Emitter, node: Node<"BatchNormalization">): Scale {
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map(e.plain) as [string, string, string, string];
  const count = e.shape(node.inputs[1]!)[0]!;
  const channels = e.padded(count);
  const deviation = e.op("Sqrt", [e.op("Add", [variance, e.scalar(attributesOf(node).epsilon)])]);
  const scale = e.op("Div", [gamma, deviation]);
  const shift = e.op("Sub", [beta, e.op("Mul", [scale, mean])]);
  return {
    scale: paddedChannels(e, scale, count, [channels, 1, 1, 1]),
    shift: paddedChannels(e, shift, count, [channels]),
  };
}

/**
 * A BatchNormalization by the statistics of its batch, which it gives:
 *
 *   z = x − μ ,   σ² = Σ z² / M ,   y = γ / √(σ² + ε) · z + β     over the M numbers of a channel
 *
 * z is what the gradient reads, too.
 */
function writeTrainedNorm(e: Emitter, node: Node<"BatchNormalization">): boolean {
  const { epsilon, momentum } = attributesOf(node);
  const [x, gamma, beta] = node.inputs as [string, string, string];
  const [, mean = "", variance = ""] = node.outputs;
  // Otherwise its further outputs are averages with the statistics so far.
  if (momentum !== 0) return false;
  const [, channels] = e.blockedShape(x);
  const count = e.shape(x)[1]!;
  const share = e.scalar(count / sizeOf(e.shape(x)));
  const means = e.op("Mul", [sumOfChannels(e, e.blocked(x), x), share]);
  const centred = scaled(e, e.blocked(x), channels, { shift: e.op("Neg", [means]) });
  const variances = e.op("Mul", [productOfChannels(e, [centred, centred], x), share]);
  if (mean !== "") giveChannels(e, means, mean);
  if (variance !== "") giveChannels(e, variances, variance);
  // Even with ε = 0 what fills up the last block stays finite.
  const added = new Float32Array(channels).fill(epsilon, 0, count).fill(1, count);
  const epsilons = e.constantOf(`ε ${epsilon} ${count}`, () => tensor("float32", [channels], added));
  const deviation = e.op("Sqrt", [e.op("Add", [variances, epsilons])]);
  const scale = e.op("Div", [channelsInBlocks(e, gamma, count), deviation]);
  for (const difference of differencesFrom(e, mean, x)) {
    e.give(difference.outputs[0]!, centred);
    e.takeIn(difference);
  }
  const fused = fuse(e, node);
  const factors = { scale: e.reshape(scale, [channels, 1, 1, 1]), shift: channelsInBlocks(e, beta, count) };
  e.give(fused.gives, scaled(e, centred, channels, { ...factors, fused }));
  return true;
}

/** Nodes that give x less its means. */
function differencesFrom(e: Emitter, mean: string, x: string): readonly Node[] {
  const readers = (value: string): readonly Node[] => e.readers(value).filter((node) => node !== undefined);
  const shape = [1, e.shape(x)[1]!, 1, 1];
  return readers(mean)
    .filter((node) => isNode(node, "Reshape") && sameShape(e.shape(node.outputs[0]!), shape))
    .flatMap((shaped) => readers(shaped.outputs[0]!))
    .filter((node) => isNode(node, "Sub") && node.inputs[0] === x);
}
