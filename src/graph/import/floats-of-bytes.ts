import { tensor, toNumbers, type DType } from "../../tensor/index.js";
import type { OpType } from "../catalogue/index.js";
import type { Node } from "../graph.js";
import type { ImportBuilder } from "./import-builder.js";

/** Ops that quantised networks use between quantised ops, and which of their inputs must have the same type. */
const ALIKE: Readonly<Partial<Record<OpType, (index: number) => boolean>>> = {
  Pad: (index) => index === 0 || index === 2,
  Where: (index) => index > 0,
  Clip: () => true,
  Concat: () => true,
  Max: () => true,
  Min: () => true,
};
const BYTES: ReadonlySet<DType> = new Set<DType>(["uint8", "int8"]);

/**
 * Converts a node's 8-bit constants to float if they meet a quantised value, which is a float here: the padding of a
 * quantised map, or another part of a Concat.
 */
export function floatsOfBytes(node: Node, g: ImportBuilder): Node {
  const isAlike = ALIKE[node.op];
  if (isAlike === undefined) return node;
  const values = node.inputs.map((name, i) =>
    name !== "" && isAlike(i) && g.has(name) ? g.value(name) : undefined,
  );
  if (!values.some((value) => value?.dtype === "float32")) return node;
  const inputs = node.inputs.map((name, i) => {
    const value = values[i];
    const data = value !== undefined && BYTES.has(value.dtype) ? g.storedConstant(value) : undefined;
    if (data === undefined) return name;
    return g.constant(tensor("float32", data.shape, Float32Array.from(toNumbers(data)))).name;
  });
  return { ...node, inputs };
}
