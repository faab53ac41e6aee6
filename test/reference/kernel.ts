import type { InferContext } from "../../src/graph/index.js";
import type { Tensor } from "../../src/tensor/index.js";
import type { Nd } from "./array.js";

/** What a kernel sees of one node. */
export interface KernelInput {
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Nd | undefined)[];
  /** Shapes of the outputs, as the catalogue infers them. */
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: InferContext;
  /** Element types by name: integer division truncates. */
  readonly integer: boolean;
}

/** An op written straight from ONNX's specification, in float64 and plain loops. */
export type Kernel = (input: KernelInput) => readonly Nd[];

/** Elements of an attribute tensor. */
export const numbersOf = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number>, Number);
