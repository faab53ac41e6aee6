import { namesBehind, type GraphBuilder, type Node, type Value } from "../graph/index.js";
import { bytesPerElement, sizeOf } from "../tensor/index.js";

/** How much of the forward pass is not kept for the backward pass, but computed again. */
export interface Recompute {
  /** The forward pass is cut into so many segments of about as many bytes. All but the last are computed again. */
  readonly segments: number;
  /** What changes with the batch: images, noise, labels. What does not depend on them is kept. */
  readonly inputs: readonly Value[];
}

/** Gives the backward pass the values of a forward pass as computed again, segment by segment. */
export interface Recomputation {
  /**
   * Called with each node going backwards. At the first of a segment the segment is computed again, after `gradient`, which is one that
   * has arrived at the node. From then on the builder reads the new values in place of the old.
   */
  reach(node: Node, gradient: Value): void;
  /** The value of the forward pass that a new value stands for. */
  original(name: string): string;
  /** The builder reads the values of the forward pass again. */
  end(): void;
}

interface Segment {
  readonly nodes: readonly Node[];
  /** Values that later segments read too. They are kept, and the segment after this one is computed from them. */
  readonly kept: ReadonlySet<string>;
}

/**
 * Recomputation of the nodes that the builder has now (Chen et al. 2016, arXiv:1604.06174). With k segments of a chain of n equal maps,
 * about k + n / k of them are alive at once instead of n, for at most one more forward pass.
 */
export function recomputation(g: GraphBuilder, { segments: count, inputs }: Recompute): Recomputation {
  const names = inputs.map(({ name }) => name);
  const changing = namesBehind(g.build(), names);
  const segments = segmentsOf(g, changing, count);
  const segmentOf = new Map(segments.flatMap((segment) => segment.nodes.map((node) => [node, segment])));
  const originals = new Map<string, string>();
  const replaced = new Map<string, Value>();
  // The last is still there when the backward pass begins.
  const reached = new Set(segments.slice(-1));

  /** A copy of a value that is not there before `gradient` is: ONNX Runtime orders nodes by what they read alone. */
  const delayer = (gradient: Value): ((name: string) => Value) => {
    const first = g.op("Gather", [g.op("Reshape", [gradient, g.ints([-1])]), g.ints([0])]);
    const never = g.op("Greater", [first, first]);
    const delayed = new Map<string, Value>();
    return (name) => {
      const value = g.value(name);
      const copy = delayed.get(name) ?? g.op("Where", [never, value, value], {}, { name: `${name}/delayed` });
      delayed.set(name, copy);
      originals.set(copy.name, name);
      return copy;
    };
  };

  return {
    reach(node, gradient) {
      const segment = segmentOf.get(node);
      if (segment === undefined || reached.has(segment)) return;
      reached.add(segment);
      const delayed = delayer(gradient);
      const again = new Map<string, Value>();
      for (const { op, inputs, outputs, attributes, straightThrough = false } of segment.nodes) {
        const own = outputs.filter((name) => changing.has(name));
        if (own.every((name) => segment.kept.has(name))) continue;
        const read = inputs.map((name) =>
          name === "" ? undefined : (again.get(name) ?? (changing.has(name) ? delayed(name) : g.value(name))),
        );
        const values = g.ops(op, read, attributes, {
          outputs: outputs.length,
          name: `${outputs[0]!}/again`,
          straightThrough,
        });
        outputs.forEach((name, i) => again.set(name, values[i]!));
      }
      for (const [name, value] of again) {
        originals.set(value.name, name);
        if (name === "" || segment.kept.has(name)) continue;
        replaced.set(name, g.value(name));
        g.redirect(name, value);
      }
    },
    original: (name) => originals.get(name) ?? name,
    end: () => replaced.forEach((value, name) => g.redirect(name, value)),
  };
}

/** Cuts the nodes where few of their changing values are alive, each cut within half a segment of where equal segments would end. */
function segmentsOf(g: GraphBuilder, changing: ReadonlySet<string>, count: number): readonly Segment[] {
  const nodes = [...g.nodes];
  const own = nodes.map(({ outputs }) => outputs.filter((name) => changing.has(name)));
  const lastUse = new Map(nodes.flatMap(({ inputs }, i) => inputs.map((name) => [name, i])));
  const bytesOf = (name: string): number => {
    const { shape, dtype } = g.value(name);
    return sizeOf(shape) * bytesPerElement(dtype);
  };
  const sum = (names: readonly string[]): number => names.reduce((bytes, name) => bytes + bytesOf(name), 0);
  const ending = nodes.map(() => 0);
  let [made, alive] = [0, 0];
  const after = own.map((names, i) => {
    made += sum(names);
    for (const name of names) {
      const last = lastUse.get(name);
      if (last !== undefined) ending[last]! += bytesOf(name);
      if (last !== undefined) alive += bytesOf(name);
    }
    alive -= ending[i]!;
    return { made, alive };
  });
  const ends = new Set<number>();
  for (let i = 1; i < count; i++) {
    const near = [...after.keys()].filter(
      (at) => Math.abs(after[at]!.made - (i / count) * made) <= made / count / 2,
    );
    if (near.length > 0)
      ends.add(near.reduce((best, at) => (after[at]!.alive <= after[best]!.alive ? at : best)));
  }
  const bounds = [...ends].sort((a, b) => a - b);
  return [...bounds, nodes.length - 1].map((end, i) => {
    const start = i === 0 ? 0 : bounds[i - 1]! + 1;
    const isKept = (name: string): boolean => (lastUse.get(name) ?? 0) > end;
    return {
      nodes: nodes.slice(start, end + 1),
      kept: new Set(
        own
          .slice(0, end + 1)
          .flat()
          .filter(isKept),
      ),
    };
  });
}
