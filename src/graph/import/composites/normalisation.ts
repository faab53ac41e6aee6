import { sameShape } from "../../../tensor/index.js";
import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { checkInts, known, normaliseAxis, ShapeError } from "../../infer.js";
import { raise, Unsupported, type Raise } from "../raise.js";

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
  /**
   * InstanceNormalization of each group as one map. Scale and bias are per group before opset 21, per channel since.
   */
  GroupNormalization: raise({
    attributes: {
      num_groups: { kind: "int", required: true },
      epsilon: { kind: "float", default: 1e-5 },
      stash_type: { kind: "int" },
    },
    emit: ({ g, opset, inputs: [x, scale, bias], attributes: { num_groups: groups, epsilon } }) => {
      if (scale === undefined || bias === undefined) throw new Unsupported("lacks its scale or bias");
      checkInts([groups], "num_groups", { count: 1, least: 1 });
      const [, channels, ...space] = x!.shape.map((dim, axis) =>
        axis === 0 ? 0 : known(dim, "a dimension of its input"),
      );
      if (channels === undefined || channels % groups !== 0) {
        throw new ShapeError(`[${x!.shape.join(", ")}] has no channels for ${groups} groups`);
      }
      const grouped = g.op("Reshape", [x, g.ints([0, groups, -1])]);
      const apart = (of: V, on: V, by: V): V =>
        g.op("Reshape", [
          g.op("InstanceNormalization", [of, on, by], { epsilon }),
          g.ints([0, channels, ...space]),
        ]);
      if (opset < 21) return [apart(grouped, scale, bias)];
      const all = (value: number): V => g.op("Expand", [g.scalar(value, x), g.ints([groups])]);
      const perChannel = (value: V): V => g.op("Reshape", [value, g.ints([channels, ...space.map(() => 1)])]);
      const scaled = g.op("Mul", [apart(grouped, all(1), all(0)), perChannel(scale)]);
      return [g.op("Add", [scaled, perChannel(bias)])];
    },
  }),
  /** x / √(mean(x²) + ε) · scale, over the axes from `axis` on. */
  RMSNormalization: raise({
    attributes: {
      axis: { kind: "int", default: -1 },
      epsilon: { kind: "float", default: 1e-5 },
      stash_type: { kind: "int" },
    },
    emit: ({ g, inputs: [x, scale], attributes: { axis, epsilon } }) => {
      if (scale === undefined) throw new Unsupported("lacks its scale");
      const rank = x!.shape.length;
      const first = normaliseAxis(axis, rank);
      const axes = g.ints(Array.from({ length: rank - first }, (_, i) => first + i));
      const power = g.op("ReduceMean", [g.op("Mul", [x, x]), axes], { keepdims: 1 });
      const size = g.op("Sqrt", [g.op("Add", [power, g.scalar(epsilon, x)])]);
      return [g.op("Mul", [g.op("Mul", [x, g.op("Reciprocal", [size])]), scale])];
    },
  }),
  /** x / ‖x‖ₚ along one axis; zeros where the norm is 0. */
  LpNormalization: raise({
    attributes: { axis: { kind: "int", default: -1 }, p: { kind: "int", default: 2 } },
    emit: ({ g, inputs: [x], attributes: { axis, p } }) => {
      if (p !== 1 && p !== 2) throw new Unsupported(`its p is ${p}, expected 1 or 2`);
      const along = g.ints([normaliseAxis(axis, x!.shape.length)]);
      const total =
        p === 1
          ? g.op("ReduceSum", [g.op("Abs", [x]), along], { keepdims: 1 })
          : g.op("ReduceSumSquare", [x, along], { keepdims: 1 });
      const positive = g.op("Max", [total, g.scalar(LEAST_TOTAL, x)]);
      return [g.op("Div", [x, p === 1 ? positive : g.op("Sqrt", [positive])])];
    },
  }),
  /** (x − μ) / (σ + 1e-9), over the batch and space by default. */
  MeanVarianceNormalization: raise({
    attributes: { axes: { kind: "ints", default: [0, 2, 3] } },
    emit: ({ g, inputs: [x], attributes: { axes } }) => {
      const mean = (value: V): V => g.op("ReduceMean", [value, g.ints(axes)], { keepdims: 1 });
      const centred = g.op("Sub", [x, mean(x!)]);
      const variance = mean(g.op("Mul", [centred, centred]));
      const deviation = g.op("Sqrt", [g.op("Max", [variance, g.scalar(LEAST_TOTAL, x)])]);
      return [g.op("Div", [centred, g.op("Add", [deviation, g.scalar(1e-9, x)])])];
    },
  }),
};

/** Keeps roots, quotients and their derivatives finite if all elements are 0: about the smallest normal float32. */
export const LEAST_TOTAL = 1.2e-38;

/** `value` broadcast to `shape`. */
function spread(g: G, value: V, shape: readonly Dim[]): V {
  if (sameShape(value.shape, shape)) return value;
  return g.op("Expand", [value, g.ints(shape.map((dim) => known(dim, "a dimension of a scale")))]);
}
