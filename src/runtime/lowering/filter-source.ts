import { attributesOf, isNode, reversesAxes, type Graph, type Node, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";

/** How a filter comes out of a stored weight. */
export interface FilterSource {
  readonly name: string;
  /** The weight is stored `[I, O, h, w]`. */
  readonly swapped: boolean;
  /** The stored tap of each tap of the filter. */
  readonly taps: readonly number[];
}

/**
 * Where a filter `[O, I, h, w]` comes from. That of a gradient is a weight whose channels are swapped (Transpose) and whose
 * taps are reversed (Slice); both are found here, to be done as the blocks are put in order.
 */
export function sourceOf(
  graph: Graph,
  made: ReadonlyMap<string, Node>,
  { name, shape }: Value,
): FilterSource {
  const kernel = shape.slice(2);
  let taps = Array.from({ length: sizeOf(kernel) }, (_, i) => i);
  let source = made.get(name);
  let stored = name;
  const axes = kernel.flatMap((length, i) => (length === 1 ? [] : [i + 2]));
  const of = {
    shape: (value: string) => graph.values.get(value)!.shape,
    constant: (value: string) => graph.initializers.get(value),
  };
  if (source !== undefined && axes.length > 0 && reversesAxes(source, axes, of)) {
    taps = taps.reverse();
    stored = source.inputs[0]!;
    source = made.get(stored);
  }
  const swapped = isNode(source, "Transpose") && attributesOf(source).perm?.join() === "1,0,2,3";
  return { name: swapped ? source!.inputs[0]! : stored, swapped, taps };
}
