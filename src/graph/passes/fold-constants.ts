import type { Graph } from "../graph.js";
import { rewrite } from "../rewrite.js";
import { fold } from "./fold.js";

/**
 * Evaluates every node whose inputs are constants: shape arithmetic, and the weight
 * shuffles (rotations, transposes, scalings) of gradient graphs with constant weights.
 */
export function foldConstants(graph: Graph): Graph {
  return rewrite<number>(graph, (node, g) => fold(node, g, Infinity));
}
