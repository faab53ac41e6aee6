import { sameShape } from "../../tensor/index.js";
import type { Dim } from "../graph.js";
import { broadcastShapes, operator, ShapeError } from "../infer.js";

/** Sums of products over an axis. */
export const CONTRACTION = {
  Gemm: operator({
    trained: [1, 2],
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: {
      alpha: { kind: "float", default: 1 },
      beta: { kind: "float", default: 1 },
      transA: { kind: "int", default: 0 },
      transB: { kind: "int", default: 0 },
    },
    infer: ({ input, optional, attributes: { transA, transB } }) => {
      const [a, b] = [input(0).shape, input(1).shape];
      const [rows, inner] = transA === 1 ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
      const [innerB, columns] = transB === 1 ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
      if (a.length !== 2 || b.length !== 2 || inner !== innerB) {
        throw new ShapeError(`[${a.join(", ")}] and [${b.join(", ")}] cannot be multiplied`);
      }
      const shape = [rows, columns];
      const bias = optional(2)?.shape ?? [];
      if (!sameShape(broadcastShapes(shape, bias), shape)) {
        throw new ShapeError(`[${bias.join(", ")}] cannot be added to [${shape.join(", ")}]`);
      }
      return [{ dtype: input(0).dtype, shape }];
    },
  }),
  MatMul: operator({
    trained: [1],
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input }) => {
      const [a, b] = [input(0).shape, input(1).shape];
      if (a.length === 0 || b.length === 0) throw new ShapeError("operands must have at least one dimension");
      const [left, right] = [a.length === 1 ? [1, a[0]!] : a, b.length === 1 ? [b[0]!, 1] : b];
      if (left.at(-1) !== right.at(-2)) {
        throw new ShapeError(`[${a.join(", ")}] and [${b.join(", ")}] cannot be multiplied`);
      }
      const shape: Dim[] = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
      if (a.length > 1) shape.push(left.at(-2)!);
      if (b.length > 1) shape.push(right.at(-1)!);
      return [{ dtype: input(0).dtype, shape }];
    },
  }),
};

export type ContractionOp = keyof typeof CONTRACTION;
