import type { Graph, Value } from "../graph.js";
import { rebuild } from "./rebuild.js";

/**
 * Evaluates every node whose inputs are constants: shape arithmetic, and the weight
 * shuffles (rotations, transposes, scalings) of gradient graphs with constant weights.
 */
export function foldConstants(graph: Graph): Graph {
  const inputs = new Map<string, Value>(graph.inputs.map((name) => [name, graph.values.get(name)!]));
  return rebuild<number>(graph, inputs, { foldLimit: Infinity });
}
