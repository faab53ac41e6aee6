import { describe, expect, test } from "vitest";
import { int, ints, modelOf, node, real } from "../../../test/model.js";
import { expectAsOriginal } from "../../../test/original.js";
import { graphRefusal } from "../../../test/refusal.js";
import type { Model, ModelGraph, ModelNode, ValueInfo } from "../../onnx/index.js";
import { float32, int64, tensor, type DType } from "../../tensor/index.js";

const truth = (value: boolean) => tensor("bool", [], Uint8Array.of(value ? 1 : 0));
const value = (name: string, dtype: DType = "float32", shape?: (number | string)[]): ValueInfo => ({
  name,
  dtype,
  shape,
});
const body = (
  nodes: readonly ModelNode[],
  outputs: readonly ValueInfo[],
  more: Partial<ModelGraph> = {},
): { kind: "graph"; value: ModelGraph } => ({
  kind: "graph",
  value: { name: "body", nodes, inputs: [], outputs, valueInfo: [], initializers: new Map(), ...more },
});

const branches = {
  then_branch: body([node("Mul", ["x", "two"], "r")], [value("r")], {
    initializers: new Map([["two", float32([], [2])]]),
  }),
  else_branch: body([node("Neg", ["x"], "r")], [value("r")]),
};

const same = (model: Model): Promise<void> => expectAsOriginal(model, [2, 3, 8, 8]);

describe("If", () => {
  test.each([true, false])("takes the branch of a constant condition: %s", async (condition) => {
    await same(
      modelOf([node("If", ["c"], "h", branches), node("Relu", ["h"], "y")], { c: truth(condition) }),
    );
  });

  test("takes the branch of a condition computed from shapes", async () => {
    const nodes = [
      node("Shape", ["x"], "s"),
      node("Gather", ["s", "one"], "channels", { axis: int(0) }),
      node("Equal", ["channels", "three"], "c"),
      node("If", ["c"], "y", branches),
    ];
    await same(modelOf(nodes, { one: int64([], [1]), three: int64([], [3]) }));
  });

  test("reports a condition that depends on the image", () => {
    const nodes = [
      node("ReduceMax", ["x"], "m", { keepdims: int(0) }),
      node("Greater", ["m", "zero"], "c"),
      node("If", ["c"], "y", branches),
    ];
    expect(graphRefusal(modelOf(nodes, { zero: float32([], [0]) }))).toContain(
      "its condition depends on the image",
    );
  });

  test("reports an unsupported op in its body at the inner node", () => {
    const unknown = { ...branches, then_branch: body([node("Sorcery", ["x"], "r")], [value("r")]) };
    const words = graphRefusal(modelOf([node("If", ["c"], "y", unknown)], { c: truth(true) }));
    expect(words).toContain('node "y/then_branch/r" (Sorcery): this op is not known');
    expect(words).toContain("has a node that cannot be read");
  });
});

describe("Loop and Scan", () => {
  const loop = (trips: number): Model =>
    modelOf(
      [
        node("Loop", ["m", "c", "x"], ["h", "steps"], {
          body: body(
            [
              node("Identity", ["on"], "still"),
              node("Cast", ["i"], "f", { to: int(1) }),
              node("Add", ["state", "f"], "next"),
              node("ReduceMean", ["next"], "mean", { keepdims: int(0) }),
            ],
            [value("still", "bool"), value("next"), value("mean")],
            {
              inputs: [
                value("i", "int64", []),
                value("on", "bool", []),
                value("state", "float32", ["N", 3, 8, 8]),
              ],
            },
          ),
        }),
        node("ReduceSum", ["steps"], "total", { keepdims: int(0) }),
        node("Add", ["h", "total"], "y"),
      ],
      { m: int64([], [trips]), c: truth(true) },
    );

  test("a loop of known length carries states and collects outputs", async () => {
    await same(loop(3));
  });

  test("a loop that is too long is refused", () => {
    expect(graphRefusal(loop(5000))).toContain("runs more than 1024 times");
  });

  test.each([
    ["forwards", {}],
    [
      "backwards, collected along another axis",
      { scan_input_directions: ints(1), scan_output_axes: ints(1), scan_output_directions: ints(1) },
    ],
  ])("a scan %s", async (_, more) => {
    const model = modelOf(
      [
        node("Transpose", ["x"], "rows", { perm: ints(2, 0, 1, 3) }),
        node("ReduceMean", ["rows"], "first", { axes: ints(0), keepdims: int(0) }),
        node("Scan", ["first", "rows"], ["last", "all"], {
          num_scan_inputs: int(1),
          body: body(
            [
              node("Add", ["state", "row"], "sum"),
              node("Tanh", ["sum"], "new"),
              node("Identity", ["new"], "out"),
            ],
            [value("new"), value("out")],
            { inputs: [value("state"), value("row")] },
          ),
          ...more,
        }),
        node("ReduceMean", ["all"], "means", { keepdims: int(0) }),
        node("Add", ["last", "means"], "y"),
      ],
      {},
      { opset: 17 },
    );
    await same(model);
  });
});

describe("model-local functions", () => {
  const called: Model = {
    ...modelOf([
      { ...node("Twice", ["x"], "h", { slope: real(0.3) }), domain: "own" },
      { ...node("Twice", ["h"], "y"), domain: "own" },
    ]),
    opsets: new Map([
      ["", 17],
      ["own", 1],
    ]),
    functions: [
      {
        name: "Twice",
        domain: "own",
        inputs: ["a"],
        outputs: ["b"],
        attributes: ["slope"],
        defaults: new Map([["slope", real(0.1)]]),
        nodes: [
          { ...node("Once", ["a"], "mid"), domain: "own" },
          node("LeakyRelu", ["mid"], "b", { alpha: { kind: "reference", value: "slope" } }),
        ],
        opsets: new Map([
          ["", 17],
          ["own", 1],
        ]),
      },
      {
        name: "Once",
        domain: "own",
        inputs: ["a"],
        outputs: ["b"],
        attributes: [],
        defaults: new Map(),
        nodes: [node("ReduceMean", ["a"], "m", { axes: ints(1) }), node("Sub", ["a", "m"], "b")],
        opsets: new Map([["", 17]]),
      },
    ],
  };

  test("are inlined with their attributes and defaults", async () => {
    await same(called);
  });

  test("are refused if they call each other endlessly", () => {
    const endless = called.functions.map((each) => ({
      ...each,
      nodes: [{ ...node(each.name === "Once" ? "Twice" : "Once", ["a"], "b"), domain: "own" }],
    }));
    expect(graphRefusal({ ...called, functions: endless })).toMatch(/nest more than 32 deep/);
    const doubling = called.functions.map((each) => ({
      ...each,
      nodes: [0, 1, 2].map((k) => ({
        ...node(each.name === "Once" ? "Sin" : "Once", ["a"], `v${k}`),
        domain: "own",
      })),
    }));
    expect(graphRefusal({ ...called, functions: doubling })).toBeTruthy();
  });
});
