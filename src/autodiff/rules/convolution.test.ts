import { describe, expect, it } from "vitest";
import { GraphBuilder, isStandardOp, type Graph } from "../../graph/index.js";
import { appendGradients, gradient } from "../gradient.js";

/** Σ ‖∇ₓ Σ (W ⋆ x)²‖² by W: a gradient of a gradient. */
function twice(): Graph {
  const g = new GraphBuilder("twice");
  const [x, w] = [g.input("x", "float32", [2, 8, 5, 5]), g.input("w", "float32", [8, 8, 3, 3])];
  const y = g.op("Conv", [x, w], { pads: [1, 1, 1, 1] }, { name: "y" });
  const sum = g.op("ReduceSum", [g.op("Mul", [y, y])], { keepdims: 0 });
  const [xGrad] = appendGradients(g, { of: sum, withRespectTo: [x] });
  g.output(g.op("ReduceSumSquare", [xGrad], { keepdims: 0 }), "norm");
  const [wGrad] = appendGradients(g, { of: g.value("norm"), withRespectTo: [w] });
  g.output(wGrad!, "w_grad");
  return g.build();
}

describe("a convolution's gradient", () => {
  it("is differentiated by the same three operators, of the weight as it is", () => {
    const { nodes } = twice();
    const readers = nodes.filter(({ inputs }) => inputs.includes("w"));
    expect(readers.map(({ op }) => op).sort()).toEqual(["Conv", "Conv", "ConvInputGradient"]);
    expect(nodes.filter(({ op }) => op === "ConvWeightGradient")).toHaveLength(2);
    expect(nodes.filter(({ op }) => op === "Transpose" || op === "Slice")).toEqual([]);
  });

  it("is written in ONNX's operators where a whole graph is asked for", () => {
    const g = new GraphBuilder("once");
    const [x, w] = [g.input("x", "float32", [2, 8, 5, 5]), g.input("w", "float32", [8, 8, 3, 3])];
    g.output(g.op("ReduceSum", [g.op("Conv", [x, w])], { keepdims: 0 }), "loss");
    const { nodes, outputs } = gradient(g.build(), { of: "loss", withRespectTo: ["x", "w"] });
    expect(nodes.filter(({ op }) => !isStandardOp(op))).toEqual([]);
    expect(outputs).toEqual(["loss", "x_grad", "w_grad"]);
  });
});
