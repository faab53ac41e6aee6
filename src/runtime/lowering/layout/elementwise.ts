import { isNode, type Node, type OpType } from "../../../graph/index.js";
import { tensor, type Tensor } from "../../../tensor/index.js";
import { writeByChannel } from "./by-channel.js";
import { isFull, isMaps, ranked, type Emitter } from "./emitter.js";
import { blockedMaps } from "./filters.js";

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
  ...(["Clip", "Add", "Sub", "Mul", "Max", "Min", "Where"] as const),
]);
/** Others, of channels in whole blocks only. */
const WHOLE: ReadonlySet<OpType> = new Set<OpType>(["Div", "Reciprocal", "Sqrt", "Log", "Pow"]);

/** An input as the operator in blocks reads it: of the output's shape, or of `[N, C/b, H · W, b]`. */
interface Operand {
  readonly name: string;
  readonly is: "whole" | "any" | "viewed";
}

/** Operators that work number by number, where one of the maps is in blocks already. */
export function writeElementwise(e: Emitter, node: Node): boolean {
  const y = node.outputs[0]!;
  if (!isMaps(e.graph, y)) return false;
  const isWhole = e.shape(y)[1]! % e.block === 0;
  if (!ALWAYS.has(node.op) && !(WHOLE.has(node.op) && isWhole)) return false;
  if (!node.inputs.some((name) => e.isBlocked(name) && isFull(e, name, y))) return false;
  if (isNode(node, "Add", "Mul") && writeByChannel(e, node)) return true;
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

function operandOf(e: Emitter, name: string, y: string): Operand | undefined {
  if (name === "") return { name, is: "any" };
  const [n, c, h, w] = ranked(e, name) ?? [0, 0, 0, 0];
  const [, channels, height, width] = e.shape(y) as [number, number, number, number];
  const isOfChannels = c === channels && isMaps(e.graph, name);
  // Before single numbers: maps of one pixel of one channel are both, and fill a block.
  if (isOfChannels && h === height && w === width) return { name: e.blocked(name), is: "whole" };
  if (n > 0 && c * h * w === 1) return { name: e.plain(name), is: "any" };
  if (e.graph.values.get(name)!.dtype !== "float32") return undefined;
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
