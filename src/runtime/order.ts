/** What decides the order in which nodes are run. */
interface Ordered {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Nodes as they are written for ONNX Runtime: the last first. It runs them in the order of {@link runOrder}, which is then nearly that of the
 * graph. As listed, it would begin each sum with the last of what is added, and keep all of it until the first.
 */
export const fileOrder = <Node>(nodes: readonly Node[]): readonly Node[] => [...nodes].reverse();

/**
 * The order in which ONNX Runtime runs the nodes of a graph that is written in {@link fileOrder} and not optimised: a node after
 * all that it reads, found by a search in depth from the nodes that nothing reads. Both those and what a node reads are taken in the order of
 * `nodes` (ONNX Runtime: `Graph::ReverseDFSFrom`, from the last in the file to the first).
 */
export function runOrder<Node extends Ordered>(nodes: readonly Node[]): readonly Node[] {
  const place = new Map(nodes.flatMap(({ outputs }, i) => outputs.map((name) => [name, i])));
  place.delete("");
  const before = nodes.map(({ inputs }) =>
    [...new Set(inputs.flatMap((name) => place.get(name) ?? []))].sort((a, b) => a - b),
  );
  const read = new Set(before.flat());
  const order: Node[] = [];
  const seen = new Set<number>();
  // A stack, with what comes first at its end; negative for a node all of whose inputs are done.
  const stack = [...nodes.keys()].filter((i) => !read.has(i)).reverse();
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (i < 0) {
      order.push(nodes[~i]!);
    } else if (!seen.has(i)) {
      seen.add(i);
      stack.push(~i, ...before[i]!.filter((j) => !seen.has(j)).reverse());
    }
  }
  return order;
}
