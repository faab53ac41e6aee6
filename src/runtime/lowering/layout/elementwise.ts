import { attributesOf, isNode, type Node, type OpType } from "../../../graph/index.js";
import { sameShape, tensor, type Tensor } from "../../../tensor/index.js";
import { convolve } from "./convolution.js";
import { isMaps, type Emitter } from "./emitter.js";
import { blockedMaps, channelsInBlocks, paddedChannels, paddedTensor, sameFilter } from "./filters.js";
import type { Fuse } from "./fusion.js";

/** Operators that work number by number and keep finite what fills up the last block. */
const ALWAYS: ReadonlySet<OpType> = new Set<OpType>([
  ...(["Identity", "Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Exp", "Erf", "Sin", "Cos"] as const),
  ...([
    "Relu",
    "LeakyRelu",
    "Elu",
    "Gelu",
    "Softplus",
    "Softsign",
    "Sigmoid",
    "HardSigmoid",
    "Tanh",
  ] as const),
  ...(["Clip", "Add", "Sub", "Mul", "Max", "Min"] as const),
]);
/** Others, of channels in whole blocks only. */
const WHOLE: ReadonlySet<OpType> = new Set<OpType>(["Div", "Reciprocal", "Sqrt", "Log", "Pow"]);

/** An input as the operator in blocks reads it: of the output's shape, or of `[N, C/b, H · W, b]`. */
interface Operand {
  readonly name: string;
  readonly is: "whole" | "any" | "viewed";
}

/** Operators that work number by number, where one of the maps is in blocks already. */
export function writeElementwise(e: Emitter, node: Node, fuse: Fuse): boolean {
  const y = node.outputs[0]!;
  if (!isMaps(e.graph, y)) return false;
  const isWhole = e.shape(y)[1]! % e.block === 0;
  if (!ALWAYS.has(node.op) && !(WHOLE.has(node.op) && isWhole)) return false;
  if (!node.inputs.some((name) => e.isBlocked(name) && isFull(e, name, y))) return false;
  if (isNode(node, "Add", "Mul") && writeByChannel(e, node, fuse)) return true;
  const operands = node.inputs.map((name) => operandOf(e, name, y));
  if (!operands.every((operand) => operand !== undefined)) return false;
  const [batch, channels, height, width] = e.blockedShape(y);
  if (operands.every(({ is }) => is !== "viewed")) {
    e.give(
      y,
      e.again(
        node,
        operands.map(({ name }) => name),
      ),
    );
    return true;
  }
  const viewed = operands.map(({ name, is }, i) => {
    const rows = e.graph.values.get(node.inputs[i]!)?.shape[0];
    return is === "whole" ? e.reshape(name, [rows!, channels / e.block, height * width, e.block]) : name;
  });
  e.give(y, e.reshape(e.again(node, viewed), [batch, channels, height, width]));
  return true;
}

const isFull = (e: Emitter, name: string, y: string): boolean =>
  isMaps(e.graph, name) && sameShape(e.shape(name), e.shape(y));

/** `[1, …, C, 1, 1]` of a value that broadcasts; undefined where its rank is too high. */
function ranked(e: Emitter, name: string): [number, number, number, number] | undefined {
  const shape = e.shape(name);
  return shape.length > 4
    ? undefined
    : ([...Array<number>(4 - shape.length).fill(1), ...shape] as [number, number, number, number]);
}

function operandOf(e: Emitter, name: string, y: string): Operand | undefined {
  if (name === "") return { name, is: "any" };
  const [n, c, h, w] = ranked(e, name) ?? [0, 0, 0, 0];
  const [, channels, height, width] = e.shape(y) as [number, number, number, number];
  if (e.graph.values.get(name)!.dtype !== "float32") return undefined;
  const isOfChannels = c === channels && isMaps(e.graph, name);
  // Before single numbers: maps of one pixel of one channel are both, and fill a block.
  if (isOfChannels && h === height && w === width) return { name: e.blocked(name), is: "whole" };
  if (n > 0 && c * h * w === 1) return { name: e.plain(name), is: "any" };
  if (isOfChannels && h * w === 1) {
    return { name: e.reshape(e.blocked(name), [n, e.padded(c) / e.block, 1, e.block]), is: "viewed" };
  }
  const data = e.graph.initializers.get(name) as Tensor<"float32"> | undefined;
  if (data === undefined || n !== 1 || h !== height || w !== width || c !== 1) return undefined;
  // The same for all channels: once for each of a block.
  const each = blockedMaps({ ...data, shape: [1, 1, h, w] }, 1).data;
  const spread = Float32Array.from({ length: h * w * e.block }, (_, i) => each[Math.floor(i / e.block)]!);
  const make = (): Tensor => tensor("float32", [1, 1, h * w, e.block], spread);
  return { name: e.constantOf(`for every channel ${name}`, make), is: "viewed" };
}

/** x · s and x + s of a number for each channel, and of a batch of them, in one pass: depthwise convolutions of 1 × 1. */
function writeByChannel(e: Emitter, node: Node<"Add" | "Mul">, fuse: Fuse): boolean {
  const y = node.outputs[0]!;
  const x = node.inputs.find((name) => isFull(e, name, y))!;
  const other = node.inputs.find((name) => name !== x);
  const [n, c, h, w] = (other === undefined ? undefined : ranked(e, other)) ?? [0, 0, 0, 0];
  const [batch, channels, height, width] = e.blockedShape(x);
  if (other === undefined || c !== e.shape(x)[1] || h * w !== 1 || height * width === 1) return false;
  if (e.isSteady(other) && n === 1) {
    const factors = isNode(node, "Mul")
      ? { scale: channelsInBlocks(e, other, c, [channels, 1, 1, 1]) }
      : { shift: channelsInBlocks(e, other, c) };
    scaleByChannel(e, { node, x, fuse }, factors);
    return true;
  }
  if (!isNode(node, "Mul") || !isMaps(e.graph, other)) return false;
  const filter = e.reshape(e.blocked(other), [n * channels, 1, 1, 1]);
  const images = e.reshape(e.blocked(x), [batch / n, n * channels, height, width]);
  const scaled = convolve(e, images, { filter, kernel: [1, 1], pads: [0, 0, 0, 0], group: n * channels });
  e.give(y, e.reshape(scaled, [batch, channels, height, width]));
  return true;
}

/** A BatchNormalization with steady parameters: s · x + t, s = γ / √(σ² + ε), t = β − s μ. */
export function writeBatchNorm(e: Emitter, node: Node<"BatchNormalization">, fuse: Fuse): boolean {
  const [x, ...parameters] = node.inputs as [string, string, string, string, string];
  if (
    !e.isBlocked(x) ||
    attributesOf(node).training_mode === 1 ||
    !parameters.every((name) => e.isSteady(name))
  ) {
    return false;
  }
  scaleByChannel(e, { node, x, fuse }, constantScale(e, node) ?? fedScale(e, node));
  return true;
}

/** s and t as names of `[channels in whole blocks, 1, 1, 1]` and of a vector. */
interface Scale {
  readonly scale?: string;
  readonly shift?: string;
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

function scaleByChannel(
  e: Emitter,
  { node, x, fuse }: { node: Node; x: string; fuse: Fuse },
  { scale, shift }: Scale,
): void {
  const [, channels] = e.blockedShape(x);
  const fused = fuse(node);
  const scaled = convolve(e, e.blocked(x), {
    filter: scale ?? sameFilter(e, channels, [1, 1], [1]),
    kernel: [1, 1],
    pads: [0, 0, 0, 0],
    group: channels,
    bias: shift,
    fused,
  });
  e.give(fused.gives ?? node.outputs[0]!, scaled);
}
