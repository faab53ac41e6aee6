import { attributesOf, isNode, type Node } from "../../../graph/index.js";
import type { Emitter } from "./emitter.js";

/** A product with a transposed factor, which is then read as it was: ONNX Runtime's optimisers do so, but are not run. */
export function writeProduct(e: Emitter, node: Node<"MatMul">): boolean {
  if (e.graph.values.get(node.outputs[0]!)!.dtype !== "float32") return false;
  const turned = node.inputs.map((name) => beforeTransposition(e, name));
  if (turned.every((name) => name === undefined)) return false;
  const factors = node.inputs.map((name, i) => e.plain(turned[i] ?? name));
  const [transA, transB] = turned.map((name) => Number(name !== undefined));
  e.ownOp("FusedMatMul", factors, { transA: transA!, transB: transB! }, node.outputs[0]);
  return true;
}

/** The value of which this one is the transpose in its last two axes. */
function beforeTransposition(e: Emitter, name: string): string | undefined {
  const node = e.producer(name);
  if (!isNode(node, "Transpose")) return undefined;
  const rank = e.shape(name).length;
  const swapped = [...Array(rank).keys()];
  swapped.push(...swapped.splice(-2).reverse());
  return attributesOf(node).perm?.join() === swapped.join() ? node.inputs[0]! : undefined;
}
