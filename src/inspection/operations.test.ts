import { describe, expect, test } from "vitest";
import { fullSized } from "../../test/full-sized.js";
import { GraphBuilder, type Graph } from "../graph/index.js";
import { bindBatch } from "../models/index.js";
import { countOperations } from "./index.js";

describe("operations", () => {
  // torchvision's documentation: 4.09 and 1.81 GFLOPS, which are multiply-adds.
  test.each([
    ["resnet50", fullSized("resnet50", 224), 4_089_184_256],
    ["resnet18", fullSized("resnet18", 224), 1_814_073_344],
  ])("of %s are torchvision's", (_, classifier, multiplyAdds) => {
    const counted = countOperations(bindBatch(classifier, 2).graph, 2);
    expect(counted.multiplyAdds).toBe(multiplyAdds);
    expect(counted.flops).toBeGreaterThan(2 * multiplyAdds);
    expect(counted.flops).toBeLessThan(2.02 * multiplyAdds);
  });

  const alone = (op: string, shapes: number[][], output: number[], attributes = {}): Graph => {
    const names = shapes.map((_, i) => `i${i}`);
    const values = [...shapes, output].map((shape, i) => [
      names[i] ?? "y",
      { name: names[i] ?? "y", dtype: "float32", shape },
    ]);
    return {
      name: "g",
      inputs: ["i0"],
      outputs: ["y"],
      nodes: [{ name: "n", op, inputs: names, outputs: ["y"], attributes }],
      values: new Map(values as never),
      initializers: new Map(),
    } as unknown as Graph;
  };

  /** Of `[2, 3, 4]` and another to `[2, 3, 5]`. */
  const einsum = (equation: string, other: number[]): Graph =>
    alone("Einsum", [[2, 3, 4], other], [2, 3, 5], { equation });

  test.each<[string, Graph, number]>([
    [
      "a transposed convolution",
      alone(
        "ConvTranspose",
        [
          [1, 4, 5, 5],
          [4, 6, 3, 3],
        ],
        [1, 6, 7, 7],
      ),
      100 * 54,
    ],
    [
      "a product of batches",
      alone(
        "MatMul",
        [
          [2, 3, 4],
          [2, 4, 5],
        ],
        [2, 3, 5],
      ),
      120,
    ],
    ["a sum over letters", einsum("bij,jk->bik", [4, 5]), 120],
    ["an ellipsis", einsum("...ij, ...jk", [2, 4, 5]), 120],
    [
      "an LSTM",
      alone(
        "LSTM",
        [
          [7, 2, 5],
          [1, 12, 5],
          [1, 12, 3],
        ],
        [7, 1, 2, 3],
      ),
      7 * 2 * 12 * 8,
    ],
  ])("of %s", (_, graph, multiplyAdds) => {
    expect(countOperations(graph, 1)).toEqual({ multiplyAdds, flops: 2 * multiplyAdds });
  });

  test("pooling counts its window, a reduction what it reads, moving nothing", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", [1, 2, 4, 4]);
    const pool = g.op("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    g.output(g.op("ReduceMean", [g.op("Transpose", [pool], { perm: [0, 2, 3, 1] })], { keepdims: 0 }));
    expect(countOperations(g.build(), 1).flops).toBe(8 * 4 + 8);
  });
});
