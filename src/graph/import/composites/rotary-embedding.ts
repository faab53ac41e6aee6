import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { raise, Unsupported, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/**
 * RotaryEmbedding rotates pairs (a, b) of each head's elements by the angle of their position in the sequence,
 *
 *   (a cos − b sin, a sin + b cos) ,
 *
 * where a and b come from the two halves of the rotated elements, or are adjacent if interleaved.
 *
 * Shapes: x `[B, heads, S, D]` or `[B, S, heads · D]`; cos and sin `[B, S, turned / 2]`, or with positions `[B, S]` a
 * table `[places, turned / 2]`.
 */
export const rotaryEmbedding: Raise = raise({
  attributes: {
    interleaved: { kind: "int", default: 0 },
    num_heads: { kind: "int", default: 0 },
    rotary_embedding_dim: { kind: "int", default: 0 },
  },
  emit: ({ g, inputs: [x, cos, sin, positions], attributes }) => {
    if (cos === undefined || sin === undefined) throw new Unsupported("needs cosines and sines");
    const flat = x!.shape.length === 3;
    const heads = flat ? g.op("Reshape", [x, g.ints([0, 0, attributes.num_heads, -1])]) : x!;
    const size = heads.shape[3];
    if (heads.shape.length !== 4 || typeof size !== "number" || (flat && attributes.num_heads < 1)) {
      throw new Unsupported(`is over [${x!.shape.join(", ")}]`);
    }
    const turned = attributes.rotary_embedding_dim || size;
    if (!(turned > 0 && turned <= size && turned % 2 === 0)) {
      throw new Unsupported(`rotates ${turned} of ${size} elements`);
    }
    const interleaved = attributes.interleaved === 1;
    const angles = (cache: V): V => {
      const each = positions === undefined ? cache : g.op("Gather", [cache, positions], { axis: 0 });
      // All heads share it. Their axis is the second, or the third if the input is flat.
      return g.op("Unsqueeze", [each, g.ints([flat ? 2 : 1, ...(interleaved ? [4] : [])])]);
    };
    const [part, rest] =
      turned === size
        ? [heads, undefined]
        : g.ops("Split", [heads, g.ints([turned, size - turned])], { axis: 3 }, { outputs: 2 });
    const paired = interleaved ? g.op("Reshape", [part, g.ints([0, 0, 0, turned / 2, 2])]) : part;
    const result = turn(g, paired, angles(cos), angles(sin));
    const together = interleaved ? g.op("Reshape", [result, g.ints([0, 0, 0, turned])]) : result;
    const whole = rest === undefined ? together : g.op("Concat", [together, rest], { axis: 3 });
    return [flat ? g.op("Reshape", [whole, g.ints([0, 0, attributes.num_heads * size])]) : whole];
  },
});

/** Rotates pairs whose elements are the halves of the last axis. */
function turn(g: G, pairs: V, cos: V, sin: V): V {
  const half = (pairs.shape.at(-1) as number) / 2;
  const [a, b] = g.ops("Split", [pairs, g.ints([half, half])], { axis: -1 }, { outputs: 2 });
  const real = g.op("Sub", [g.op("Mul", [a, cos]), g.op("Mul", [b, sin])]);
  const imaginary = g.op("Add", [g.op("Mul", [a, sin]), g.op("Mul", [b, cos])]);
  return g.op("Concat", [real, imaginary], { axis: -1 });
}
