import { describe, expect, it } from "vitest";
import { GraphBuilder, producers } from "../../../graph/index.js";
import { appendGradients } from "../../gradient.js";

describe("a convolution's gradient, differentiated", () => {
  it("reads the weight itself again, where it has been rotated twice", () => {
    const g = new GraphBuilder("twice");
    const [x, w] = [g.input("x", "float32", [2, 8, 5, 5]), g.input("w", "float32", [8, 8, 3, 3])];
    const y = g.op("Conv", [x, w], { pads: [1, 1, 1, 1] }, { name: "y" });
    const sum = g.op("ReduceSum", [g.op("Mul", [y, y])], { keepdims: 0 });
    const [xGrad] = appendGradients(g, { of: sum, withRespectTo: [x] });
    const norm = g.op("ReduceSumSquare", [xGrad], { keepdims: 0 });
    appendGradients(g, { of: norm, withRespectTo: [w] }).forEach((value) => g.output(value));
    const graph = g.build();
    const made = producers(graph);
    const filters = graph.nodes.filter(({ op }) => op === "Conv").map(({ inputs }) => inputs[1]!);
    expect(filters.filter((name) => name === "w")).toHaveLength(2);
    // The others are rotated once; nothing is rotated twice.
    for (const name of filters.filter((filter) => filter !== "w")) {
      const [slice, turned] = [made.get(name)!, made.get(made.get(name)!.inputs[0]!)!];
      expect([slice.op, turned.op, turned.inputs[0]]).toEqual(["Slice", "Transpose", "w"]);
    }
  });
});
