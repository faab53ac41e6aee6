import { expect, test } from "vitest";
import { int, modelOf, node, real } from "../../../../test/model.js";
import { expectAsOriginal, expectClose, runImported } from "../../../../test/original.js";
import { float32 } from "../../../tensor/index.js";
import { graphFromModel } from "../../index.js";

const image = { opset: 17, input: { shape: ["N", 4, 3] } };

test("LayerNormalization stays one node, its statistics included", async () => {
  const nodes = [
    node("LayerNormalization", ["x", "scale", "bias"], ["h", "mean", "inverse"], { epsilon: real(0.01) }),
    node("Mul", ["h", "inverse"], "scaled"),
    node("Add", ["scaled", "mean"], "y"),
  ];
  const model = modelOf(nodes, { scale: float32([3], [1, 2, 0.5]), bias: float32([3], [0, -1, 1]) }, image);
  expect(graphFromModel(model, { place: "m" }).nodes.map(({ op }) => op)).toEqual([
    "LayerNormalization",
    "Mul",
    "Add",
  ]);
  await expectAsOriginal(model, [2, 4, 3]);
});

test("LayerNormalization with a scale that broadcasts over the axes", async () => {
  const nodes = [node("LayerNormalization", ["x", "scale", "bias"], "y", { axis: int(1) })];
  const constants = { scale: float32([4, 1], [1, 2, 0.5, 3]), bias: float32([3], [0, -1, 1]) };
  const full = {
    scale: float32(
      [4, 3],
      [1, 2, 0.5, 3].flatMap((s) => [s, s, s]),
    ),
    bias: float32(
      [4, 3],
      [1, 2, 3, 4].flatMap(() => [0, -1, 1]),
    ),
  };
  const graph = graphFromModel(modelOf(nodes, constants, image), { place: "m" });
  expect(graph.nodes.at(-1)!.op).toBe("LayerNormalization");
  await expectAsOriginal(modelOf(nodes, full, image), [2, 4, 3]);
  const feeds = {
    x: float32(
      [1, 4, 3],
      Array.from({ length: 12 }, (_, i) => Math.sin(i)),
    ),
  };
  const found = await runImported(modelOf(nodes, constants, image), feeds);
  expectClose(found, await runImported(modelOf(nodes, full, image), feeds));
});
