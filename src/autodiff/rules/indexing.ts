import { reshapeTo, type GraphBuilder, type IndexingOp, type Value } from "../../graph/index.js";
import { int64, sizeOf } from "../../tensor/index.js";
import { asNumber, type Rule, type Rules } from "../rule.js";

export function zerosLike(g: GraphBuilder, x: Value): Value {
  return g.op("Expand", [g.scalar(0, x), g.ints(x.shape)]);
}

/** How the gradient of one scatter op reads and writes at its indices. */
export interface Places {
  readonly gather: (from: Value) => Value;
  readonly scatter: (into: Value, updates: Value, reduction: "none" | "add" | "mul") => Value;
}

/**
 * The gradients of data x and updates u, which `reduction` combines to y.
 *
 *   none   x: 0 where one was written      u: y_grad there
 *   add    x: y_grad                       u: y_grad there
 *   mul    x: y_grad · Π u                 u: y_grad · the product of all others
 *   max, min: split equally among those that attain y, as in PyTorch's scatter_reduce.
 */
export function scattered(
  { g, inputs: [x, , u], outputs: [y], outputGrads: [yGrad], needs }: Parameters<Rule>[0],
  reduction: string,
  { gather, scatter }: Places,
): readonly (Value | null)[] {
  const both = (first: () => Value, second: () => Value): (Value | null)[] => [
    needs(0) ? first() : null,
    null,
    needs(2) ? second() : null,
  ];
  if (reduction === "none") {
    return both(
      () => scatter(yGrad!, zerosLike(g, u!), "none"),
      () => gather(yGrad!),
    );
  }
  if (reduction === "add") {
    return both(
      () => yGrad!,
      () => gather(yGrad!),
    );
  }
  if (reduction === "mul") {
    const ones = g.op("Expand", [g.scalar(1, x), g.ints(x!.shape)]);
    return both(
      () => g.op("Mul", [yGrad, scatter(ones, u!, "mul")]),
      () => g.op("Mul", [gather(yGrad!), productOfOthers(g, x!, u!, { gather, scatter })]),
    );
  }
  const hits = asNumber(g, g.op("Equal", [x, y]), x!);
  const updateHits = asNumber(g, g.op("Equal", [u, gather(y!)]), u!);
  const share = g.op("Div", [yGrad, scatter(hits, updateHits, "add")]);
  return both(
    () => g.op("Mul", [share, hits]),
    () => g.op("Mul", [gather(share), updateHits]),
  );
}

/** For each update, the product of everything else at its index. Zeros are counted instead of divided by. */
function productOfOthers(g: GraphBuilder, x: Value, u: Value, { gather, scatter }: Places): Value {
  const isZero = g.op("Equal", [u, g.scalar(0, u)]);
  const zero = asNumber(g, isZero, u);
  const divisor = g.op("Where", [isZero, g.scalar(1, u), u]);
  const product = g.op("Div", [gather(scatter(x, divisor, "mul")), divisor]);
  const otherZeros = g.op("Sub", [gather(scatter(zerosLike(g, x), zero, "add")), zero]);
  return g.op("Mul", [product, asNumber(g, g.op("Equal", [otherZeros, g.scalar(0, u)]), u)]);
}

/** Indices with the coordinates of their batches in front. */
function withBatch(g: GraphBuilder, indices: Value, batch: number): Value {
  if (batch === 0) return indices;
  const shape = indices.shape.slice(0, -1);
  const size = sizeOf(shape);
  const coordinates: number[] = [];
  for (let i = 0; i < size; i++) {
    for (let axis = 0; axis < batch; axis++) {
      coordinates.push(Math.floor(i / sizeOf(shape.slice(axis + 1))) % shape[axis]!);
    }
  }
  const wide = g.op("Cast", [indices], { to: "int64" });
  return g.op("Concat", [g.constant(int64([...shape, batch], coordinates)), wide], { axis: shape.length });
}

export const INDEXING_RULES: Rules<IndexingOp> = {
  /** Copies are summed: each axis is split into [copies, length]. */
  Tile: ({ g, inputs: [x], outputGrads: [yGrad], types }) => {
    const repeats = types.constantInts(1, "repeats");
    if (repeats.includes(0)) return [zerosLike(g, x!), null];
    const shape: number[] = [];
    const axes: number[] = [];
    x!.shape.forEach((dim, axis) => {
      if (repeats[axis] !== 1) axes.push(shape.push(repeats[axis]!) - 1);
      shape.push(dim);
    });
    if (axes.length === 0) return [yGrad!, null];
    const apart = reshapeTo(g, yGrad!, shape);
    return [reshapeTo(g, g.op("ReduceSum", [apart, g.ints(axes)], { keepdims: 0 }), x!.shape), null];
  },
  GatherND: ({ g, inputs: [x, indices], outputGrads: [yGrad], attributes }) => {
    const places = withBatch(g, indices!, attributes.batch_dims);
    return [g.op("ScatterND", [zerosLike(g, x!), places, yGrad], { reduction: "add" }), null];
  },
  ScatterND: (context) => {
    const { g, inputs } = context;
    const indices = inputs[1]!;
    return scattered(context, context.attributes.reduction, {
      gather: (from) => g.op("GatherND", [from, indices]),
      scatter: (into, updates, reduction) => g.op("ScatterND", [into, indices, updates], { reduction }),
    });
  },
  /** Returns gradients to the original positions, which are all different. */
  TopK: ({ g, inputs: [x], outputs: [, indices], outputGrads: [grad], attributes: { axis } }) => [
    grad === null || grad === undefined
      ? null
      : g.op("ScatterElements", [zerosLike(g, x!), indices, grad], { axis, reduction: "none" }),
    null,
  ],
  Trilu: ({ g, inputs: [, k], outputGrads: [yGrad], attributes: { upper } }) => [
    g.op("Trilu", [yGrad, k], { upper }),
    null,
  ],
  /** The cumulative sum from the other end. */
  CumSum: ({ g, inputs: [, axis], outputGrads: [yGrad], attributes: { exclusive, reverse } }) => [
    g.op("CumSum", [yGrad, axis], { exclusive, reverse: 1 - reverse }),
    null,
  ],
};
