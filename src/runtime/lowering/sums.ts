import { isNode, rewrite, type Graph, type Value } from "../../graph/index.js";

/** Sums of three and more as additions of two: ONNX Runtime's Sum takes more than twice as long for three maps. */
export function sumsAsAdditions(graph: Graph): Graph {
  return rewrite<number>(graph, (node, g) => {
    if (!isNode(node, "Sum") || node.inputs.length < 3) return undefined;
    const terms = g.inputsOf(node) as readonly Value[];
    return [terms.reduce((left, right) => g.op("Add", [left, right]))];
  });
}
