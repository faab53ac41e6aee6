import { attributesOf, isNode, reversesAxes, type GraphBuilder, type Value } from "../../../graph/index.js";
import { reversed } from "../shaping.js";

/** `[O, I, …k]` → `[I, O, …k reversed]`: back, where it was rotated before. */
export function rotated(g: GraphBuilder, weight: Value): Value {
  const perm = weight.shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis));
  const axes = weight.shape.flatMap((dim, axis) => (axis >= 2 && dim > 1 ? [axis] : []));
  return unrotated(g, weight, perm, axes) ?? reversed(g, g.op("Transpose", [weight], { perm }), axes);
}

/** `[C, 1, …k]` → `[C, 1, …k reversed]`: back, where it was turned before. */
export function turned(g: GraphBuilder, weight: Value): Value {
  const axes = weight.shape.flatMap((dim, axis) => (axis >= 2 && dim > 1 ? [axis] : []));
  const outer = g.producer(weight);
  const of = {
    shape: (name: string) => g.value(name).shape,
    constant: (name: string) => g.constantOf(g.value(name)),
  };
  const isTurned = axes.length > 0 && outer !== undefined && reversesAxes(outer, axes, of);
  return isTurned ? g.value(outer.inputs[0]!) : reversed(g, weight, axes);
}

/** What `weight` is the rotation of, if it is one. */
function unrotated(
  g: GraphBuilder,
  weight: Value,
  perm: readonly number[],
  axes: readonly number[],
): Value | undefined {
  const outer = g.producer(weight);
  const of = {
    shape: (name: string) => g.value(name).shape,
    constant: (name: string) => g.constantOf(g.value(name)),
  };
  const turns = axes.length > 0;
  if (turns && (outer === undefined || !reversesAxes(outer, axes, of))) return undefined;
  const inner = turns ? g.producer(g.value(outer!.inputs[0]!)) : outer;
  const swaps = isNode(inner, "Transpose") && attributesOf(inner).perm?.join() === perm.join();
  return swaps ? g.value(inner.inputs[0]!) : undefined;
}
