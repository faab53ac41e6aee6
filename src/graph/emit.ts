import type { GraphBuilder } from "./builder.js";
import type { Value } from "./graph.js";

export function reshapeTo(g: GraphBuilder, value: Value, shape: readonly number[]): Value {
  return value.shape.join() === shape.join() ? value : g.op("Reshape", [value, g.ints(shape)]);
}

/** Pads with zeros before and after each axis. */
export function padZeros(g: GraphBuilder, x: Value, begin: readonly number[], end: readonly number[]): Value {
  return [...begin, ...end].every((pad) => pad === 0) ? x : g.op("Pad", [x, g.ints([...begin, ...end])]);
}

/** Reverses the order of the elements along `axes`. */
export function reversed(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const all = (value: number): Value => g.ints(axes.map(() => value));
  return g.op("Slice", [x, all(-1), all(-(2 ** 31)), g.ints(axes), all(-1)]);
}
