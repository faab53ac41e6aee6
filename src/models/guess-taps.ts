import { sizeOf } from "../tensor/index.js";
import { isNode, readsOnlyShapes, specOf, type Dim, type Graph, type Value } from "../graph/index.js";
import type { Tap } from "./classifier.js";
import { tokensOf } from "./tokens.js";

/** As many as a ResNet has groups. */
const MOST_TAPS = 4;

interface Bottleneck {
  readonly value: Value<Dim>;
  readonly activation: boolean;
  /** Whether it is the sum of two values of the image, as at the end of a residual block. */
  readonly sum: boolean;
}

interface Candidate extends Bottleneck {
  readonly tap: Omit<Tap, "name">;
  /** The size of its map. */
  readonly size: string;
}

/**
 * The taps of a network that names none: at each spatial size, the last activation on which everything
 * later depends (no skip connection bypasses it), or the last such value if none is an activation. Only
 * the last four sizes above 1×1 are used: in a ResNet, the ends of its groups. In a transformer with a
 * single size, up to four evenly spread blocks, including the last.
 */
export function guessTaps(graph: Graph<Dim>, image: string): readonly Tap[] {
  const found = candidates(graph, image);
  const bySize = new Map<string, Candidate>();
  for (const candidate of found) {
    const { size, activation } = candidate;
    if (activation || bySize.get(size)?.activation !== true) bySize.set(size, candidate);
  }
  const blocks = found.filter(({ tap, sum }) => sum && tap.tokens !== undefined);
  const chosen = bySize.size === 1 && blocks.length > 1 ? spread(blocks) : [...bySize.values()];
  return chosen.slice(-MOST_TAPS).map(({ tap }, group) => ({ name: `group-${group}`, ...tap }));
}

/** At most {@link MOST_TAPS}, as far apart as possible, including the last. */
function spread(blocks: readonly Candidate[]): Candidate[] {
  const count = Math.min(MOST_TAPS, blocks.length);
  return Array.from({ length: count }, (_, i) => blocks[Math.ceil(((i + 1) * blocks.length) / count) - 1]!);
}

/** Bottlenecks with positions in the image: maps `[N, C, h, w]` and tokens `[N, T, C]`. */
function candidates(graph: Graph<Dim>, image: string): Candidate[] {
  let patches: readonly [number, number] | undefined;
  return bottlenecks(graph, image).flatMap((found): Candidate[] => {
    const { name, shape } = found.value;
    const [, second, ...rest] = shape;
    if (rest.some((dim) => typeof dim !== "number")) return [];
    if (rest.length === 2) {
      if (sizeOf(rest as number[]) === 1) return [];
      patches = rest as [number, number];
      return [{ ...found, tap: { value: name }, size: rest.join() }];
    }
    // Flattened maps, [N, C, h·w], are not tokens.
    const joined = patches !== undefined && rest[0] === sizeOf(patches);
    const tokens = rest.length === 1 && !joined ? tokensOf(second, patches) : undefined;
    return tokens === undefined ? [] : [{ ...found, tap: { value: name, tokens }, size: tokens.grid.join() }];
  });
}

/** The tap for a value named by the user; undefined if it has no positions in the image. */
export function tapAt(graph: Graph<Dim>, image: string, value: string): Omit<Tap, "name"> | undefined {
  const shape = graph.values.get(value)?.shape ?? [];
  if (shape.length === 4) return { value };
  if (shape.length !== 3) return undefined;
  // Its patches are those of the last map before it.
  const patches = candidates(graph, image).findLast(({ tap }) => tap.tokens === undefined)?.value.shape;
  const tokens = tokensOf(shape[1], patches?.slice(2) as [number, number] | undefined);
  return tokens && { value, tokens };
}

/**
 * Values on every path from the image to the end, in order, starting at the first layer with weights. Reading a shape, as
 * exporters do for an open batch, is no path.
 */
function bottlenecks(graph: Graph<Dim>, image: string): Bottleneck[] {
  const lastUse = new Map<string, number>(graph.outputs.map((name) => [name, Infinity]));
  const nodes = graph.nodes.filter((node) => !readsOnlyShapes(node));
  nodes.forEach((node, i) => {
    for (const input of node.inputs) if (!graph.outputs.includes(input)) lastUse.set(input, i);
  });
  const fromImage = new Set([image]);
  const fromLayer = new Set<string>();
  /** Latest last use of any value computed from the image so far. */
  let open = lastUse.get(image) ?? -1;
  const found: Bottleneck[] = [];
  nodes.forEach((node, i) => {
    if (!node.inputs.some((input) => fromImage.has(input))) return;
    const [output] = node.outputs;
    const isLayer =
      specOf(node.op).trained !== undefined || node.inputs.some((input) => fromLayer.has(input));
    if (isLayer) for (const name of node.outputs) fromLayer.add(name);
    // No earlier value is read after this node: everything goes through its output.
    if (open <= i && output !== undefined && isLayer) {
      found.push({
        value: graph.values.get(output)!,
        activation: specOf(node.op).activation === true,
        sum: isNode(node, "Add") && node.inputs.every((input) => fromImage.has(input)),
      });
    }
    for (const name of node.outputs) {
      if (name === "") continue;
      fromImage.add(name);
      open = Math.max(open, lastUse.get(name) ?? -1);
    }
  });
  return found;
}
