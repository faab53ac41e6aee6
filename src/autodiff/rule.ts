import {
  attributesOf,
  inferContext,
  isNode,
  specOf,
  type FlatOp,
  type GraphBuilder,
  type Node,
  type OpType,
  type ReadAttributes,
  type TypesOf,
  type Value,
} from "../graph/index.js";

/** What a rule sees of one node. */
export interface RuleContext<Op extends OpType = OpType> {
  /** Emits the backward nodes. */
  readonly g: GraphBuilder;
  readonly node: Node<Op>;
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Value | undefined)[];
  /** Unused outputs are undefined. */
  readonly outputs: readonly (Value | undefined)[];
  /** Gradient of each output; null if nothing depends on it. */
  readonly outputGrads: readonly (Value | null)[];
  /** Whether a gradient of this input is wanted. */
  needs(input: number): boolean;
  /** With the catalogue's defaults. */
  readonly attributes: ReadAttributes<Op>;
  /** What the op's shape rule sees: types and constant inputs. */
  readonly types: TypesOf<Op>;
}

/**
 * The vector-Jacobian product of an op: one gradient per input, in order; null if it is
 * not needed. It may have the output's broadcast shape; the walk sums it back.
 */
export type Rule<Op extends OpType = OpType> = (context: RuleContext<Op>) => readonly (Value | null)[];

/** Rules for all ops that pass a gradient. A missing rule does not compile. */
export type Rules<Op extends OpType> = { readonly [Each in Exclude<Op, FlatOp>]: Rule<Each> };

/** The types and constant inputs of a node. */
export function typesOf(g: GraphBuilder, node: Node): RuleContext["types"] {
  const inputs = g
    .inputsOf(node)
    .map((value) => value && { dtype: value.dtype, shape: value.shape, constant: g.constantOf(value) });
  return inferContext(inputs, node.outputs.length, node.attributes, specOf(node.op));
}

/** x, with each 0 replaced, where a derivative has no value at 0. */
export function insteadOfZero(g: GraphBuilder, x: Value, replacement: number): Value {
  return g.op("Where", [g.op("Equal", [x, g.scalar(0, x)]), g.scalar(replacement, x), x]);
}

/** Sums a gradient over the axes along which its operand was broadcast. */
export function sumTo(g: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  const summed = axes.length === 0 ? gradient : g.op("ReduceSum", [gradient, g.ints(axes)], { keepdims: 1 });
  return lead === 0 ? summed : g.op("Reshape", [summed, g.ints(shape)]);
}

/** Scales the smallest normal float32, 1.2e-38, above 1. */
const MASK_GAIN = 3e38;

/**
 * 1 where y > 0, else 0: exact for every normal float32. HardSigmoid is one vectorised pass that
 * stays in ONNX Runtime's blocked layout; Greater and Where take three passes and leave it.
 */
export function positiveMask(g: GraphBuilder, y: Value): Value {
  return g.op("HardSigmoid", [y], { alpha: MASK_GAIN, beta: 0 });
}

/** Depth to which products of products are swapped factor by factor; each level doubles the nodes. */
const PRODUCT_LEVELS = 3;

/** Swaps the last two axes. Undoes an earlier swap, and swaps a product by its factors, as (a b)ᵀ = bᵀ aᵀ. */
export function swapLastAxes(g: GraphBuilder, value: Value, levels: number = PRODUCT_LEVELS): Value {
  const rank = value.shape.length;
  const perm = value.shape.map((_, axis) =>
    axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis,
  );
  const producer = g.producer(value);
  if (isNode(producer, "Transpose") && attributesOf(producer).perm?.join() === perm.join()) {
    return g.value(producer.inputs[0]!);
  }
  if (producer?.op === "MatMul" && levels > 0) {
    const [a, b] = producer.inputs.map((name) => g.value(name)) as [Value, Value];
    if (a.shape.length === rank && b.shape.length === rank) {
      return g.op("MatMul", [swapLastAxes(g, b, levels - 1), swapLastAxes(g, a, levels - 1)]);
    }
  }
  return g.op("Transpose", [value], { perm });
}

/** A boolean as 0 or 1 of `like`'s type. */
export function asNumber(g: GraphBuilder, condition: Value, like: Value): Value {
  return g.op("Cast", [condition], { to: like.dtype });
}
