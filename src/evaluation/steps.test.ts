import { describe, expect, it, test } from "vitest";
import { SMALL_SIZE, smallDataset, smallNetwork } from "../../test/small-network.js";
import type { Dim, GraphBuilder, Value } from "../graph/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator, int64 } from "../tensor/index.js";
import { evaluateModels, type Result } from "./index.js";
import { zeroOperators } from "./steps.js";

const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
type Change = (g: GraphBuilder<Dim>, x: Value<Dim>) => Value<Dim>;

function evaluated(input: Change): Promise<Result> {
  const dataset = smallDataset();
  return evaluateModels(
    [{ name: "small", classifier: smallNetwork({ input }), info: INFO }],
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.05, 0.1], options: { steps: 5 }, examples: 0, threads: 1 },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

const float = (g: GraphBuilder<Dim>, x: Value<Dim>): Value<Dim> => g.op("Cast", [x], { to: "float32" });
/** What the model sees is `seen`, and a trickle of the image beside it. */
const beside =
  (seen: Change): Change =>
  (g, x) =>
    g.op("Add", [seen(g, x), g.op("Mul", [x, g.scalar(1e-3)])]);
const rounded =
  (op: "Round" | "Floor" | "Ceil"): Change =>
  (g, x) =>
    g.op("Div", [g.op(op, [g.op("Mul", [x, g.scalar(3)])]), g.scalar(3)]);
const above = (g: GraphBuilder<Dim>, x: Value<Dim>): Value<Dim> => g.op("Greater", [x, g.scalar(0.5)]);

/** The values of each row in falling order, and their places. */
const ranked = (g: GraphBuilder<Dim>, x: Value<Dim>): readonly [Value<Dim>, Value<Dim>] => {
  const [values, places] = g.ops("TopK", [x, g.ints([SMALL_SIZE])], { axis: 3 }, { outputs: 2 });
  return [values!, places!];
};

describe("operators that hide something beside an open way", () => {
  it.each<[string, Change]>([
    ["Round", rounded("Round")],
    ["Floor", rounded("Floor")],
    ["Ceil", rounded("Ceil")],
    ["Sign", (g, x) => g.op("Sign", [g.op("Sub", [x, g.scalar(0.5)])])],
    [
      "Cast",
      (g, x) =>
        g.op("Div", [
          float(g, g.op("Cast", [g.op("Mul", [x, g.scalar(255)])], { to: "uint8" })),
          g.scalar(255),
        ]),
    ],
    ["ArgMax", (g, x) => float(g, g.op("ArgMax", [x], { axis: 3, keepdims: 1 }))],
    ["TopK", (g, x) => g.op("Add", [x, g.op("Mul", [float(g, ranked(g, x)[1]), g.scalar(1e-3)])])],
  ])("%s is a serious warning, one a model", async (op, seen) => {
    const { warnings, measurements } = await evaluated(beside(seen));
    expect(measurements[1]).toMatchObject({ zeroGradient: { images: 0 } });
    const [warning, ...more] = warnings.filter(({ code }) => code === "hidden-steps");
    expect(warning).toMatchObject({
      severity: "serious",
      message: expect.stringContaining(`${op} (`) as string,
    });
    expect(more).toEqual([]);
  });

  it.each<[string, Change]>([
    ["a binary image", (g, x) => float(g, above(g, x))],
    ["a choice of two constants", (g, x) => g.op("Where", [above(g, x), g.scalar(1), g.scalar(0)])],
    ["a count", (g, x) => g.op("ReduceMean", [float(g, above(g, x)), g.ints([2])], { keepdims: 1 })],
  ])("a comparison used as a number is a warning: %s", async (_, seen) => {
    const { warnings } = await evaluated(beside(seen));
    const found = warnings.filter(({ code }) => code === "hidden-steps");
    expect(found).toMatchObject([
      { severity: "warning", message: expect.stringContaining("Greater (") as string },
    ]);
  });
});

describe("what hides nothing raises no alarm", () => {
  it.each<[string, Change]>([
    ["a ReLU by Where", (g, x) => g.op("Where", [above(g, x), x, g.op("Mul", [x, g.scalar(0.1)])])],
    ["a ReLU by a mask", (g, x) => g.op("Mul", [x, float(g, above(g, x))])],
    ["1 − a mask", (g, x) => g.op("Mul", [x, g.op("Sub", [g.scalar(1), float(g, above(g, x))])])],
    [
      "two masks",
      (g, x) =>
        g.op("Where", [
          g.op("Not", [g.op("And", [above(g, x), g.op("Less", [x, g.scalar(2)])])]),
          x,
          g.scalar(0),
        ]),
    ],
    [
      "a signed root",
      (g, x) =>
        g.op("Mul", [g.op("Sign", [x]), g.op("Sqrt", [g.op("Add", [g.op("Abs", [x]), g.scalar(1e-6)])])]),
    ],
    [
      "arithmetic with the shape",
      (g, x) => {
        const sides = float(g, g.op("Shape", [x]));
        const half = g.op("Floor", [g.op("Div", [sides, g.scalar(2)])]);
        return g.op("Mul", [x, g.op("ReduceMax", [half, g.ints([0])], { keepdims: 0 })]);
      },
    ],
    ["sorted values", (g, x) => ranked(g, x)[0]],
    [
      "values in the order of others",
      (g, x) => g.op("GatherElements", [g.op("Mul", [x, x]), ranked(g, x)[1]], { axis: 3 }),
    ],
    [
      "a mask of the first places",
      (g, x) => g.op("Where", [g.op("Less", [ranked(g, x)[1], g.constant(int64([], [3]))]), x, g.scalar(0)]),
    ],
    ["rounding of a constant", (g, x) => g.op("Add", [x, g.op("Round", [g.scalar(0.2)])])],
  ])("%s", (_, input) => {
    const { steps, comparisons } = zeroOperators(smallNetwork({ input }));
    expect([steps, comparisons]).toEqual([undefined, undefined]);
  });

  it("a network of holdfast's own", () => {
    const shape = { channels: 3, height: 32, width: 32, classNames: ["a", "b"], random: createGenerator(1) };
    expect(zeroOperators(createClassifier("resnet-mini", shape))).toEqual({ operators: [] });
  });
});

test("rounding that gradients pass straight through is said of, once a model", async () => {
  const quantised: Change = (g, x) => {
    const rounded = g.op("Round", [g.op("Mul", [x, g.scalar(16)])], {}, { straightThrough: true });
    return g.op("Div", [rounded, g.scalar(16)]);
  };
  const { warnings } = await evaluated(quantised);
  const found = warnings.filter(({ code }) => code === "straight-through");
  expect(found.map(({ severity }) => severity)).toEqual(["warning"]);
  expect(found[0]!.message).toMatch(/gradients pass through its rounding as if it were the identity: Round/);
  expect(warnings.some(({ code }) => code === "hidden-steps" || code === "zero-gradient")).toBe(false);
});
