import { describe, expect, test } from "vitest";
import { int, modelOf, node, vector } from "../../../test/model.js";
import { InputError } from "../../errors/index.js";
import type { Model } from "../../onnx/index.js";
import { float32, tensor } from "../../tensor/index.js";
import { graphFromModel } from "../index.js";

const microsoft = (model: Model): Model => ({
  ...model,
  opsets: new Map([...model.opsets, ["com.microsoft", 1]]),
  graph: {
    ...model.graph,
    nodes: model.graph.nodes.map((each) =>
      each.opType === "Attention" ? { ...each, domain: "com.microsoft" } : each,
    ),
  },
});

/** Found by mutated files: a size that is a name, no number at all, or a part of a number. */
const MODELS: Readonly<Record<string, Model>> = {
  "an axis that is the batch's name": modelOf(
    [
      node("Shape", ["x"], "all"),
      node("Slice", ["all", "zero", "one"], "batch"),
      node("ReduceMean", ["x", "batch"], "y"),
    ],
    { zero: vector(0), one: vector(1) },
    { opset: 18 },
  ),
  "blocks along an axis that is not there": modelOf(
    [
      node("DequantizeLinear", ["q", "s"], "d", { axis: int(-3), block_size: int(2) }),
      node("Add", ["x", "d"], "y"),
    ],
    { q: tensor("int8", [8, 8], new Int8Array(64)), s: float32([4, 8], new Float32Array(32).fill(1)) },
    { opset: 21 },
  ),
  "queries, keys and values of ten numbers": microsoft(
    modelOf(
      [node("Reshape", ["x", "rows"], "r"), node("Attention", ["r", "w"], "y", { num_heads: int(1) })],
      { rows: vector(0, 3, 64), w: float32([64, 10], new Float32Array(640)) },
    ),
  ),
};

describe("what must be a whole number and is not is said with its node", () => {
  test.each(Object.entries(MODELS))("%s", (_, model) => {
    expect(() => graphFromModel(model, { place: "m.onnx" })).toThrow(InputError);
  });
});
