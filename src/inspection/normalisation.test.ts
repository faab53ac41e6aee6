import { describe, expect, test } from "vitest";
import { ints, node } from "../../test/model.js";
import { withHead } from "../../test/small-models.js";
import { classifierFromModel, type Classifier } from "../models/index.js";
import type { Model } from "../onnx/index.js";
import { float32 } from "../tensor/index.js";
import { imageEntry } from "./index.js";

const read = (model: Model, options = {}): Classifier => classifierFromModel(model, "m.onnx", options);

describe("normalisation is found", () => {
  const chain = [node("Sub", ["x", "mean"], "a"), node("Div", ["a", "std"], "h")];
  const constants = { mean: float32([3, 1, 1], [0.5, 0.25, 0]), std: float32([1], [0.5]) };

  test("in the graph", () => {
    const { graph, image } = read(withHead(chain, constants));
    expect(imageEntry(graph, image, 3)).toEqual({
      layout: "NCHW",
      normalisation: { mean: [0.5, 0.25, 0], std: [0.5, 0.5, 0.5], nodes: ["a", "h"] },
    });
  });

  test("where the constant comes first, and as it was given", () => {
    const turned = [node("Sub", ["one", "x"], "a"), node("Mul", ["a", "std"], "h")];
    const { graph, image } = read(withHead(turned, { ...constants, one: float32([], [1]) }));
    expect(imageEntry(graph, image, 3).normalisation).toMatchObject({ mean: [1, 1, 1], std: [-2, -2, -2] });
    const given = read(withHead([node("Relu", ["x"], "h")]), { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] });
    expect(imageEntry(given.graph, given.image, 3).normalisation).toMatchObject({
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.2],
    });
  });

  test("behind a transposition, whose layout is said; and not where a layer comes first", () => {
    const perm = ints(0, 2, 3, 1);
    const last = [
      node("Transpose", ["x"], "t", { perm }),
      node("Mul", ["t", "by"], "u"),
      node("Relu", ["u"], "v"),
      node("Transpose", ["v"], "h", { perm: ints(0, 3, 1, 2) }),
    ];
    const { graph, image } = read(withHead(last, { by: float32([3], [1, 2, 4]) }));
    expect(imageEntry(graph, image, 3)).toMatchObject({
      layout: "NHWC",
      normalisation: { std: [1, 0.5, 0.25] },
    });
    const maps = read(
      withHead([node("Mul", ["x", "by"], "h")], { by: float32([1, 1, 8, 8], new Float32Array(64).fill(2)) }),
    );
    expect(imageEntry(maps.graph, maps.image, 3).normalisation).toBeUndefined();
  });
});
