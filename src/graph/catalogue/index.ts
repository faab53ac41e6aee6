import { readAttributes, type Given, type Read } from "../attributes.js";
import type { Node } from "../graph.js";
import type { FlatOpSpec, InferContext, OpSpec } from "../infer.js";
import { ELEMENTWISE, type ElementwiseOp } from "./elementwise.js";
import { ACTIVATIONS, type ActivationOp } from "./activations.js";
import { NORMALISATION, type NormalisationOp } from "./normalisation.js";
import { CONTRACTION, type ContractionOp } from "./contraction.js";
import { INDEXING, type IndexingOp } from "./indexing.js";
import { CONVOLUTION, type ConvolutionOp } from "./convolution.js";
import { POOLING, type PoolingOp } from "./pooling.js";
import { REDUCTION, type ReductionOp } from "./reduction.js";
import { SHAPING, type ShapingOp } from "./shaping.js";

/** The opset of every graph. Models of other opsets are converted when they are read. */
export const INTERNAL_OPSET = 20;

/** Every op a graph may contain. */
export const OP_CATALOGUE = {
  ...ELEMENTWISE,
  ...SHAPING,
  ...CONVOLUTION,
  ...POOLING,
  ...REDUCTION,
  ...ACTIVATIONS,
  ...NORMALISATION,
  ...CONTRACTION,
  ...INDEXING,
};

type Catalogue = typeof OP_CATALOGUE;

/** The name of an op in the catalogue. Other tables (gradient rules, reference kernels) have an entry for each. */
export type OpType = keyof Catalogue;

/** Ops that pass no gradient. */
export type FlatOp = { [Op in OpType]: Catalogue[Op] extends FlatOpSpec ? Op : never }[OpType];

/** Attributes of an op as a caller gives them. */
export type AttributesOf<Op extends OpType> = Given<Catalogue[Op]["attributes"]>;

/** Attributes of an op as read, with defaults filled in. */
export type ReadAttributes<Op extends OpType> = Read<Catalogue[Op]["attributes"]>;

/** What an op's shape rule sees of a node. */
export type TypesOf<Op extends OpType> = InferContext<Catalogue[Op]["attributes"]>;

export function isKnownOp(op: string): op is OpType {
  return Object.hasOwn(OP_CATALOGUE, op);
}

/** Whether this is an ONNX op that files may contain, not one that only this catalogue has. */
export function isStandardOp(op: string): op is OpType {
  return isKnownOp(op) && specOf(op).internal !== true;
}

/** An op's row in the catalogue. */
export function specOf(op: OpType): OpSpec {
  return OP_CATALOGUE[op];
}

/** Whether the op's derivative is zero wherever it exists. */
export function isFlat(op: OpType): op is FlatOp {
  return "gradient" in OP_CATALOGUE[op];
}

export function isNode<Op extends OpType>(node: Node | undefined, ...ops: readonly Op[]): node is Node<Op> {
  return node !== undefined && (ops as readonly OpType[]).includes(node.op);
}

/** A node's attributes by name, with defaults filled in. */
export function attributesOf<Op extends OpType>({ op, attributes }: Node<Op>): ReadAttributes<Op> {
  return readAttributes(specOf(op).attributes, attributes);
}

export type {
  ActivationOp,
  NormalisationOp,
  ContractionOp,
  IndexingOp,
  ElementwiseOp,
  ConvolutionOp,
  PoolingOp,
  ReductionOp,
  ShapingOp,
};
