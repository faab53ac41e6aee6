import { expect, test } from "vitest";
import { zeroGradientNodes } from "../autodiff/index.js";
import { int, ints, modelOf, node, vector } from "../../test/model.js";
import { float32 } from "../tensor/index.js";
import { classifierFromModel } from "./index.js";

test("reading the shape of the image, as for an open batch, is no path around a tap", () => {
  const weight = float32(
    [4, 3, 3, 3],
    Float32Array.from({ length: 108 }, (_, i) => Math.sin(i)),
  );
  const model = modelOf(
    [
      node("Shape", ["x"], "size", { start: int(0), end: int(1) }),
      node("Concat", ["size", "four"], "all", { axis: int(0) }),
      node("Conv", ["x", "w"], "maps"),
      node("Relu", ["maps"], "active"),
      node("ReduceMean", ["active"], "mean", { axes: ints(2, 3), keepdims: int(0) }),
      node("ReduceL2", ["mean"], "norm", { axes: ints(1), keepdims: int(1) }),
      node("Expand", ["norm", "all"], "norms"),
      node("Div", ["mean", "norms"], "y"),
    ],
    { w: weight, four: vector(4) },
  );
  const { taps, graph, image, logits } = classifierFromModel(model, "m");
  expect(taps).toEqual([{ name: "group-0", value: "active" }]);
  expect(graph.nodes.some(({ op }) => op === "Shape")).toBe(true);
  expect(zeroGradientNodes(graph, image, logits)).toEqual([]);
});
