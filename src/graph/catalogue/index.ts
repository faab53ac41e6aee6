import type { OpSpec } from "../infer.js";
import { ELEMENTWISE, type ElementwiseOp } from "./elementwise.js";
import { NEURAL, type NeuralOp } from "./neural.js";
import { REDUCTION, type ReductionOp } from "./reduction.js";
import { SHAPING, type ShapingOp } from "./shaping.js";

/** The opset that every graph is written in; older models are raised to it when read. */
export const INTERNAL_OPSET = 20;

/** Name of an op of the catalogue. Other tables (gradients, reference kernels) are total over it. */
export type OpType = ElementwiseOp | NeuralOp | ReductionOp | ShapingOp;

/** Every op a graph may contain. */
export const OP_CATALOGUE: Readonly<Record<OpType, OpSpec>> = {
  ...ELEMENTWISE,
  ...SHAPING,
  ...NEURAL,
  ...REDUCTION,
};

export function isKnownOp(op: string): op is OpType {
  return Object.hasOwn(OP_CATALOGUE, op);
}

export type { ElementwiseOp, NeuralOp, ReductionOp, ShapingOp };
