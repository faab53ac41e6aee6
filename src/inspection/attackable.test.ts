import { describe, expect, test } from "vitest";
import { fullSized } from "../../test/full-sized.js";
import { node } from "../../test/model.js";
import { withHead } from "../../test/small-models.js";
import { STEP } from "../attacks/index.js";
import { classifierFromModel, type Classifier } from "../models/index.js";
import type { Model } from "../onnx/index.js";
import { float32, tensor } from "../tensor/index.js";
import { tryAttack } from "./index.js";

const read = (model: Model): Classifier => classifierFromModel(model, "m.onnx");

describe("whether it can be attacked is tried", () => {
  test("a network can", async () => {
    const { obstacles, flat, step } = await tryAttack(fullSized("resnet-mini", 32), 1);
    expect([obstacles, flat]).toEqual([[], []]);
    expect(step!.outputs).toContain(STEP.next);
  });

  test("every node on the way that passes no gradient is named", async () => {
    const classifier = read(withHead([node("Round", ["x"], "coarse"), node("Floor", ["coarse"], "h")]));
    const { obstacles } = await tryAttack(classifier, 1);
    expect(obstacles.map((each) => [each.node, each.op])).toEqual([
      ["coarse", "Round"],
      ["h", "Floor"],
    ]);
    expect(obstacles[0]!.problem).toContain("derivative is zero");
    expect(obstacles[0]!.needed).toContain("--straight-through");
  });

  test("beside such a node there may be another way, which is said", async () => {
    const classifier = read(withHead([node("Round", ["x"], "coarse"), node("Add", ["coarse", "x"], "h")]));
    const { obstacles, flat } = await tryAttack(classifier, 1);
    expect([obstacles, flat]).toEqual([[], [{ node: "coarse", op: "Round" }]]);
  });

  test("all nodes whose gradient is refused are named, not the first alone", async () => {
    const { graph, ...classifier } = read(
      withHead([node("Tanh", ["x"], "a"), node("Relu", ["a"], "b"), node("Tanh", ["b"], "h")]),
    );
    // No reader leaves a Dropout in its training mode.
    const extra = [
      ["ratio", float32([], [0.5])],
      ["mode", tensor("bool", [], Uint8Array.of(1))],
    ] as const;
    const dropping = {
      ...graph,
      initializers: new Map([...graph.initializers, ...extra]),
      values: new Map([...graph.values, ...extra.map(([name, data]) => [name, { name, ...data }] as const)]),
      nodes: graph.nodes.map((each) =>
        each.op === "Tanh"
          ? { ...each, op: "Dropout" as const, inputs: [each.inputs[0]!, "ratio", "mode"] }
          : each,
      ),
    };
    const { obstacles } = await tryAttack({ ...classifier, graph: dropping }, 1);
    expect(obstacles.map((each) => each.node)).toEqual(["a", "h"]);
    for (const each of obstacles) expect(each.needed).not.toBe("");
  });
});
