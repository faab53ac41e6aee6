import type { ContractionOp } from "../../src/graph/index.js";
import { at, broadcastAt, nd, type Nd } from "./array.js";
import type { Kernel, Kernels } from "./kernel.js";

const gemm: Kernel<"Gemm"> = ({ inputs: [a, b, c], shapes: [shape], attributes }) => {
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const inner = a!.shape[transA ? 0 : 1]!;
  return [
    nd(shape!, (index) => {
      const [i, j] = index as [number, number];
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += at(a!, transA ? [k, i] : [i, k]) * at(b!, transB ? [j, k] : [k, j]);
      }
      const added = c === undefined ? 0 : attributes.beta * broadcastAt(c, index);
      return attributes.alpha * sum + added;
    }),
  ];
};

const matMul: Kernel = ({ inputs: [a, b], shapes: [shape] }) => {
  const left: Nd = a!.shape.length === 1 ? { ...a!, shape: [1, a!.shape[0]!] } : a!;
  const right: Nd = b!.shape.length === 1 ? { ...b!, shape: [b!.shape[0]!, 1] } : b!;
  const inner = left.shape.at(-1)!;
  return [
    nd(shape!, (index) => {
      const full = [...index];
      const column = b!.shape.length === 1 ? 0 : full.pop()!;
      const row = a!.shape.length === 1 ? 0 : full.pop()!;
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += broadcastAt(left, [...full, row, k]) * broadcastAt(right, [...full, k, column]);
      }
      return sum;
    }),
  ];
};

export const CONTRACTION_KERNELS: Kernels<ContractionOp> = {
  Gemm: gemm,
  MatMul: matMul,
};
