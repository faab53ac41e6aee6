import { InputError } from "../../errors/index.js";
import type { ScopedNode } from "./functions.js";
import { readsOf } from "./instantiate.js";

/** The nodes, in order, that one of `outputs` depends on. What computes other outputs need not be readable. */
export function behindOutputs(
  nodes: readonly ScopedNode[],
  outputs: Iterable<string>,
): readonly ScopedNode[] {
  const needed = new Set(outputs);
  return nodes
    .toReversed()
    .filter(({ node }) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const name of readsOf(node)) needed.add(name);
      return true;
    })
    .reverse();
}

/**
 * Sorts nodes so that each comes after those it reads from. Keeps the file's order if it is valid.
 *
 * @throws InputError if the graph has a cycle.
 */
export function inOrder(nodes: readonly ScopedNode[], place: string): readonly ScopedNode[] {
  const producer = new Map<string, number>();
  nodes.forEach(({ node }, i) => node.outputs.forEach((output) => output !== "" && producer.set(output, i)));
  const readers = nodes.map((): number[] => []);
  const reads = nodes.map(({ node }) => readsOf(node));
  const waiting = nodes.map((_, i) => {
    const before = new Set(reads[i]!.map((name) => producer.get(name)).filter((at) => at !== undefined));
    for (const at of before) readers[at]!.push(i);
    return before.size;
  });
  if (reads.every((names, i) => names.every((name) => (producer.get(name) ?? -1) < i))) return nodes;
  const ready = nodes.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const ordered: ScopedNode[] = [];
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    ordered.push(nodes[next]!);
    for (const reader of readers[next]!) if (--waiting[reader]! === 0) ready.push(reader);
  }
  if (ordered.length === nodes.length) return ordered;
  const stuck = nodes.find((_, i) => waiting[i]! > 0)!;
  throw new InputError({
    place: `${place}: node "${stuck.node.name || stuck.node.outputs[0] || "?"}"`,
    problem: "waits for its own output: the graph has a cycle",
    remedy: "Export the model again.",
  });
}
