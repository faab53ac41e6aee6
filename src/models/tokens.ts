import type { Dim, Graph, GraphBuilder, Value } from "../graph/index.js";
import type { Tap } from "./classifier.js";

/** Positions in an image as a sequence of tokens. */
export interface Tokens {
  /** Tokens before those of the image: for the class, or registers. */
  readonly skip: number;
  readonly grid: readonly [height: number, width: number];
}

/** A class token, one for distillation, a handful of registers. */
const MOST_SKIPPED = 8;

/**
 * How `count` tokens map to positions in the image: like the patches, after a few tokens of other kinds; if no patches
 * are known, as a square, after at most one other. Undefined if neither fits.
 */
export function tokensOf(
  count: Dim | undefined,
  patches: readonly [number, number] | undefined,
): Tokens | undefined {
  if (typeof count !== "number") return undefined;
  if (patches !== undefined) {
    const skip = count - patches[0] * patches[1];
    if (skip >= 0 && skip <= MOST_SKIPPED && count > 1) return { skip, grid: patches };
  }
  for (const skip of [0, 1]) {
    const side = Math.sqrt(count - skip);
    if (side > 1 && Number.isInteger(side)) return { skip, grid: [side, side] };
  }
  return undefined;
}

/** Height and width of a tap's map. */
export function gridOf(graph: Graph<Dim>, { value, tokens }: Tap): readonly [height: number, width: number] {
  const [, , height, width] = graph.values.get(value)!.shape as readonly number[];
  return tokens?.grid ?? [height!, width!];
}

/** A tap's activation as an image, `[N, C, h, w]`: tokens `[N, T, C]` are arranged in their grid, without the other tokens. */
export function tapActivation(g: GraphBuilder, { value, tokens }: Tap): Value {
  const activation = g.value(value);
  if (tokens === undefined) return activation;
  const { skip, grid } = tokens;
  const [, count, channels] = activation.shape as readonly [number, number, number];
  const places =
    skip === 0 ? activation : g.op("Slice", [activation, g.ints([skip]), g.ints([count]), g.ints([1])]);
  const first = g.op("Transpose", [places], { perm: [0, 2, 1] });
  return g.op("Reshape", [first, g.ints([activation.shape[0]!, channels, ...grid])]);
}
