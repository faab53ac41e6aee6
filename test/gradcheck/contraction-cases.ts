import type { GraphBuilder, Value } from "../../src/graph/index.js";
import type { GradCase } from "./check.js";

export const CONTRACTION_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  Gemm: [0, 1].flatMap((transA) =>
    [0, 1].map((transB) => ({
      name: `Gemm, transA ${transA}, transB ${transB}`,
      inputs: [{ shape: transA ? [3, 2] : [2, 3] }, { shape: transB ? [4, 3] : [3, 4] }, { shape: [4] }],
      build: (g: GraphBuilder, inputs: readonly Value[]) =>
        g.op("Gemm", inputs, { transA, transB, alpha: 0.5, beta: 2 }),
    })),
  ),
  MatMul: (
    [
      ["matrices", [2, 3], [3, 4]],
      ["batched", [2, 2, 3], [2, 3, 2]],
      ["batch broadcast", [2, 1, 2, 3], [3, 3, 2]],
      ["a vector on the left", [3], [3, 2]],
      ["a vector on the right", [2, 2, 3], [3]],
    ] as const
  ).map(([name, a, b]) => ({
    name: `MatMul, ${name}`,
    inputs: [{ shape: a }, { shape: b }],
    build: (g, inputs) => g.op("MatMul", inputs),
  })),
};
