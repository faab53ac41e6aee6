import { sameShape } from "../../../tensor/index.js";
import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { known, normaliseAxis } from "../../infer.js";
import { raise, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

export const NORMALISATION: Readonly<Record<string, Raise>> = {
  /** Scale and bias may broadcast in a file, but not in every runtime. */
  LayerNormalization: raise({
    attributes: { axis: { kind: "int", default: -1 } },
    emit: ({ g, inputs: [x, scale, bias], attributes, again }) => {
      const { shape } = x!;
      const layer = shape.slice(normaliseAxis(attributes.axis, shape.length));
      if (scale === undefined || [scale, bias].every((p) => p === undefined || sameShape(p.shape, layer))) {
        return undefined;
      }
      return again([x, spread(g, scale, layer), bias && spread(g, bias, layer)]);
    },
  }),
};

/** `value` broadcast to `shape`. */
function spread(g: G, value: V, shape: readonly Dim[]): V {
  if (sameShape(value.shape, shape)) return value;
  return g.op("Expand", [value, g.ints(shape.map((dim) => known(dim, "a dimension of a scale")))]);
}
