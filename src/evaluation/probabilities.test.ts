import { describe, expect, it } from "vitest";
import { smallDataset, smallFixture, smallNetwork } from "../../test/small-network.js";
import type { Dataset } from "../data/index.js";
import { GraphBuilder, type Dim, type Value } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import { float32 } from "../tensor/index.js";
import { evaluateModels, type Result } from "./index.js";

type Builder = GraphBuilder<Dim>;

const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };

function evaluated(classifier: Classifier, dataset: Dataset = smallDataset()): Promise<Result> {
  const options = { epsilons: [0.12], options: { steps: 15 }, examples: 0, threads: 1, seed: 3 };
  return evaluateModels(
    [{ name: "small", classifier, info: INFO }],
    { dataset, population: dataset.length, seed: null },
    options,
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

const accuracies = ({ measurements }: Result): number[] => measurements.map(({ correct }) => correct);
const softmax = (g: Builder, z: Value<Dim>): Value<Dim> => g.op("Softmax", [z], { axis: 1 });
const half = (g: Builder, z: Value<Dim>): Value<Dim> => g.op("Mul", [z, g.scalar(0.5)]);
const sharp = (g: Builder, z: Value<Dim>): Value<Dim> => g.op("Mul", [z, g.scalar(30)]);

describe("outputs that are probabilities", () => {
  it.each<[string, (g: Builder, logits: Value<Dim>) => Value<Dim>]>([
    ["a clipped softmax", (g, z) => g.op("Clip", [softmax(g, z), g.scalar(1e-7), g.scalar(1)])],
    ["a clipped, sharp softmax", (g, z) => g.op("Clip", [softmax(g, sharp(g, z)), g.scalar(0), g.scalar(1)])],
    ["a mean of softmaxes", (g, z) => half(g, g.op("Add", [softmax(g, z), softmax(g, z)]))],
    ["a softmax that was reshaped", (g, z) => g.op("Reshape", [softmax(g, z), g.ints([-1, 3])])],
    [
      "a sharp softmax and a small constant",
      (g, z) => g.op("Add", [softmax(g, sharp(g, z)), g.scalar(1e-6)]),
    ],
    [
      "a sharp softmax written out",
      (g, z) => {
        const scaled = sharp(g, z);
        const peak = g.op("ReduceMax", [scaled, g.ints([1])], { keepdims: 1 });
        const shares = g.op("Exp", [g.op("Sub", [scaled, peak])]);
        return g.op("Div", [shares, g.op("ReduceSum", [shares, g.ints([1])], { keepdims: 1 })]);
      },
    ],
    [
      "the square of a root, which no law covers",
      (g, z) => g.op("Pow", [g.op("Sqrt", [softmax(g, z)]), g.scalar(2)]),
    ],
    [
      "a mean of softmaxes written out",
      (g, z) => {
        const shares = [z, g.op("Add", [z, g.scalar(1)])].map((each) => {
          const share = g.op("Exp", [each]);
          return g.op("Div", [share, g.op("ReduceSum", [share, g.ints([1])], { keepdims: 1 })]);
        });
        const both = g.op(
          "Concat",
          shares.map((share) => g.op("Unsqueeze", [share, g.ints([0])])),
          { axis: 0 },
        );
        return g.op("ReduceMean", [both, g.ints([0])], { keepdims: 0 });
      },
    ],
    [
      "a difference, which the logarithms of its parts do not give",
      (g, z) => {
        const twice = g.op("Mul", [softmax(g, z), g.scalar(2)]);
        return g.op("Add", [twice, g.op("Neg", [softmax(g, z)])]);
      },
    ],
  ])("%s is attacked as its logits are, and said to be", async (_, change) => {
    const result = await evaluated(smallNetwork({ output: change }));
    expect(result.statements[0]).toMatch(/its outputs are probabilities/);
    const [clean, robust] = accuracies(result);
    const [cleanLogits, robustLogits] = accuracies(await evaluated(smallNetwork()));
    expect(clean).toBe(cleanLogits);
    expect(Math.abs(robust! - robustLogits!)).toBeLessThanOrEqual(1);
    expect(result.measurements[1]).toMatchObject({ zeroGradient: { images: 0 } });
  });

  it("[1 − p, p] of a saturated sigmoid is attacked as the logit behind it is", async () => {
    const labels = (smallFixture("labels").data as Int32Array).map((label) => Number(label > 0));
    const margin = (g: Builder, z: Value<Dim>): Value<Dim> =>
      sharp(g, g.op("MatMul", [z, g.constant(float32([3, 1], [-1, 0.5, 0.5]))]));
    const pair = smallNetwork({
      output: (g, z) => {
        const p = g.op("Sigmoid", [margin(g, z)]);
        return g.op("Concat", [g.op("Sub", [g.scalar(1), p]), p], { axis: 1 });
      },
    });
    const logits = smallNetwork({
      output: (g, z) => {
        const x = margin(g, z);
        return g.op("Concat", [g.op("Mul", [x, g.scalar(0)]), x], { axis: 1 });
      },
    });
    const two = (classifier: Classifier): Classifier => ({ ...classifier, classNames: ["a", "b"] });
    const dataset = smallDataset(labels);
    const result = await evaluated(two(pair), dataset);
    expect(accuracies(result)).toEqual(accuracies(await evaluated(two(logits), dataset)));
    expect(result.measurements[1]).toMatchObject({ zeroGradient: { images: 0 } });
  });

  it("logits stay what they are", async () => {
    const { statements } = await evaluated(smallNetwork());
    expect(statements.join()).not.toMatch(/probabilities/);
  });
});

describe("a gradient that is zero by construction", () => {
  it.each<[string, (g: Builder, image: Value<Dim>) => Value<Dim>]>([
    ["Round", (g, x) => half(g, g.op("Round", [g.op("Mul", [x, g.scalar(2)])]))],
    ["Sign", (g, x) => g.op("Sign", [x])],
    ["Cast", (g, x) => g.op("Cast", [g.op("Cast", [x], { to: "int64" })], { to: "float32" })],
  ])("is a serious warning that names %s", async (op, input) => {
    const { warnings, measurements } = await evaluated(smallNetwork({ input }));
    const standing = measurements[1]!.correct;
    expect(standing).toBeGreaterThan(0);
    const warning = warnings.find(({ code }) => code === "zero-gradient");
    expect(warning).toMatchObject({ severity: "serious" });
    expect(warning!.message).toContain(`48 of 48 images (100.0 %); ${standing} of them count as right`);
    expect(warning!.message).toContain(`${op} (`);
  });

  it("a comparison beside an open way is no cause for alarm", async () => {
    const masked = smallNetwork({
      input: (g, x) => g.op("Where", [g.op("Greater", [x, g.scalar(0)]), x, g.scalar(0)]),
    });
    const { warnings } = await evaluated(masked);
    expect(warnings.filter(({ code }) => code === "zero-gradient")).toEqual([]);
  });
});
