import type { OpType, ReadAttributes, TypesOf } from "../../src/graph/index.js";
import type { Tensor } from "../../src/tensor/index.js";
import type { Nd } from "./array.js";

/** What a kernel sees of one node. */
export interface KernelInput<Op extends OpType = OpType> {
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Nd | undefined)[];
  /** Shapes of the outputs, as the catalogue infers them. */
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: ReadAttributes<Op>;
  readonly types: TypesOf<Op>;
  /** Element types by name: integer division truncates. */
  readonly integer: boolean;
}

/** An op written straight from ONNX's specification, in float64 and plain loops. */
export type Kernel<Op extends OpType = OpType> = (input: KernelInput<Op>) => readonly Nd[];

/** A kernel an op. */
export type Kernels<Op extends OpType> = { readonly [Each in Op]: Kernel<Each> };

/** Elements of an attribute tensor. */
export const numbersOf = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number>, Number);
