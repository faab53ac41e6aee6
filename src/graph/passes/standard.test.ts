import { describe, expect, it } from "vitest";
import { CONVOLUTIONS } from "../../../test/gradcheck/convolution-cases.js";
import { convolutionGradients, expectSameValues } from "../../../test/convolution-gradients.js";
import { modelOf, node } from "../../../test/model.js";
import {
  bind,
  graphFromModel,
  GraphBuilder,
  isStandardOp,
  modelFromGraph,
  ShapeError,
  standardGraph,
} from "../index.js";

describe("standardGraph", () => {
  it.each(CONVOLUTIONS)("writes a convolution's gradients in standard ONNX ops: %s", (...convolution) => {
    const graph = convolutionGradients(convolution);
    const standard = standardGraph(graph);
    expect(standard.nodes.filter(({ op }) => !isStandardOp(op))).toEqual([]);
    expectSameValues(standard, graph);
  });

  it("leaves a graph of standard ops unchanged", () => {
    const g = new GraphBuilder("standard");
    g.output(g.op("Relu", [g.input("x", "float32", [2])]), "y");
    const graph = g.build();
    expect(standardGraph(graph)).toBe(graph);
  });
});

describe("an internal op", () => {
  const [convolution] = CONVOLUTIONS;

  it("is not written to a file", () => {
    const graph = convolutionGradients(convolution!);
    expect(() => modelFromGraph(graph)).toThrow(/\(ConvInputGradient\): is holdfast's own operator/);
    expect(modelFromGraph(standardGraph(graph)).graph.outputs).toHaveLength(2);
  });

  it("is not read from a file", () => {
    const model = modelOf([node("ConvWeightGradient", ["x", "x"], "y")]);
    expect(() => bind(graphFromModel(model, { place: "m" }), { N: 2 })).toThrow(/this op is not known/);
  });

  it("needs a cotangent of the convolution's output shape", () => {
    const g = new GraphBuilder("shapes");
    const [x, w] = [g.input("x", "float32", [2, 3, 5, 5]), g.input("w", "float32", [4, 3, 3, 3])];
    const maps = (shape: readonly number[]): ReturnType<typeof g.input> =>
      g.input(shape.join(), "float32", shape);
    const byInput = (shape: readonly number[]): unknown =>
      g.op("ConvInputGradient", [maps(shape), w], { image_shape: [5, 5] });
    const byWeight = (shape: readonly number[], group = 1): unknown =>
      g.op("ConvWeightGradient", [x, maps(shape)], { kernel_shape: [3, 3], group });
    expect(() => byInput([2, 4, 5, 5])).toThrow(/its cotangent is \[2, 4, 5, 5\], expected \[2, 4, 3, 3\]/);
    expect(() => byInput([2, 3, 3, 3])).toThrow(/expected \[2, 4, 3, 3\]/);
    expect(() => byWeight([2, 4, 3, 4])).toThrow(ShapeError);
    expect(() => byWeight([1, 4, 3, 3])).toThrow(/expected \[2, 4, 3, 3\]/);
    expect(() => byWeight([2, 6, 3, 3], 2)).toThrow(/whole numbers/);
  });
});
