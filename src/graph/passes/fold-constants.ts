import type { Graph } from "../graph.js";
import { rewrite } from "../rewrite.js";
import { fold } from "./fold.js";

/**
 * Evaluates every node whose inputs are constants: shape arithmetic, and in gradient graphs with constant weights the
 * rotations, transposes and scalings of these weights.
 */
export function foldConstants(graph: Graph): Graph {
  return rewrite<number>(graph, (node, g) => fold(node, g, Infinity));
}
