import { namesBehind, type Graph } from "../graph/index.js";
import { bytesPerElement, sizeOf } from "../tensor/index.js";
import { lower, lowerInTwo } from "./lowering/index.js";
import { runOrder } from "./order.js";

/** What a program takes, in bytes. */
export interface ProgramBytes {
  /** The most that its values take at once, each from the node that makes it to its last use; outputs to the end. */
  readonly values: number;
  /** Its constants: weights, as it is given them. */
  readonly constants: number;
  /** Its outputs, which are copied. */
  readonly outputs: number;
}

/** What the program of a graph takes, as `compile` would make it for the CPU, in the order in which it is run. */
export async function programBytes(graph: Graph): Promise<ProgramBytes> {
  const { graph: lowered, model } = await lower(graph, { standard: false });
  let constants = 0;
  for (const { data } of model.graph.initializers.values()) constants += data.byteLength;
  const outputs = lowered.outputs.reduce((sum, name) => sum + bytesOf(lowered, name), 0);
  return { values: liveBytes(lowered), constants, outputs };
}

/** A prepared input counts as constants of both directions. */
const PREPARED = 2;

/**
 * Of a program whose `steady` inputs are prepared: they count as constants. Undefined where they are constants of a program that is
 * compiled for their values.
 */
export async function preparedBytes(
  graph: Graph,
  steady: readonly string[],
): Promise<ProgramBytes | undefined> {
  const names = new Set(steady);
  const inTwo = await lowerInTwo(graph, names, { standard: false });
  if (inTwo === undefined) return undefined;
  const { graph: lowered } = inTwo;
  const sum = (values: readonly string[]): number =>
    values.reduce((bytes, name) => bytes + bytesOf(lowered, name), 0);
  const changing = lowered.inputs.filter((name) => !names.has(name));
  return {
    values: liveBytes(lowered, changing),
    constants: PREPARED * sum(steady),
    outputs: sum(lowered.outputs),
  };
}

/** The most bytes that the values behind these inputs take at once, each from the node that makes it to its last use. */
export function liveBytes(graph: Graph, inputs: readonly string[] = graph.inputs): number {
  const own = namesBehind(graph, inputs);
  const lastUse = new Map<string, number>();
  const nodes = runOrder(graph.nodes);
  nodes.forEach(({ inputs }, i) => inputs.forEach((name) => lastUse.set(name, i)));
  for (const name of graph.outputs) lastUse.set(name, Infinity);
  const ending = new Map<number, number>();
  let [live, most] = [0, 0];
  nodes.forEach(({ outputs }, i) => {
    for (const name of outputs) {
      if (name === "" || !own.has(name)) continue;
      const bytes = bytesOf(graph, name);
      live += bytes;
      const end = lastUse.get(name) ?? i;
      ending.set(end, (ending.get(end) ?? 0) + bytes);
    }
    most = Math.max(most, live);
    live -= ending.get(i) ?? 0;
  });
  return most;
}

function bytesOf(graph: Graph, name: string): number {
  const { shape, dtype } = graph.values.get(name)!;
  return sizeOf(shape) * bytesPerElement(dtype);
}
