import { describe, expect, it } from "vitest";
import { fixture, relativeError } from "../../test/fixture.js";
import { evaluate } from "../../test/reference/index.js";
import { appendGradients, gradient } from "../autodiff/index.js";
import { GraphBuilder, type Graph, type Value } from "../graph/index.js";
import type { Tensor } from "../tensor/index.js";
import { totalLoss, type LossTerm } from "./index.js";

/** PyTorch float64 (scripts/fixtures/defence_losses.py) against the graph in the float64 interpreter. */
const expected = fixture("defence-losses");
const numbers = (tensor: Tensor | undefined): ArrayLike<number> => tensor!.data as Float64Array;
const input = (g: GraphBuilder, name: string, as: string = name): Value => {
  const { dtype, shape } = expected(name);
  return g.input(as, dtype, shape);
};

const rows: [LossTerm, string[]][] = [
  ["klDivergence", ["clean_logits", "adversarial_logits"]],
  ["boosted", ["adversarial_logits"]],
  ["misclassificationKl", ["clean_logits", "adversarial_logits"]],
];

describe.each(rows)("%s against PyTorch in float64", (term, leaves) => {
  const g = new GraphBuilder(term);
  const branch = (name: string): { logits: Value; attention: Value[] } => ({
    logits: input(g, name),
    attention: [],
  });
  const inputs = { clean: branch("clean_logits"), adversarial: branch("adversarial_logits") };
  const { perImage } = totalLoss(g, { ...inputs, oneHot: input(g, "one_hot") }, { [term]: 1 });
  g.output(perImage);
  const mean = g.op("ReduceMean", [perImage], { keepdims: 0 });
  g.output(mean);
  const graph = g.build();
  const names = ["clean_logits", "adversarial_logits", "one_hot"];
  const feeds = Object.fromEntries(names.map((name): [string, Tensor] => [name, expected(name)]));

  it("has the same value and gradient", () => {
    const value = numbers(evaluate(graph, feeds)[perImage.name]);
    expect(relativeError(value, numbers(expected(`term.${term}`)))).toBeLessThan(1e-12);
    const outputs = evaluate(gradient(graph, { of: mean.name, withRespectTo: leaves }), feeds);
    for (const leaf of leaves) {
      const error = relativeError(
        numbers(outputs[`${leaf}_grad`]),
        numbers(expected(`grad.${term}.${leaf}`)),
      );
      expect(error, leaf).toBeLessThan(1e-12);
    }
  });
});

/** The same networks as the fixture's. */
function network(kind: "smooth" | "relu", form: LossTerm, weight: number): { graph: Graph; loss: string } {
  const g = new GraphBuilder(kind);
  const image = input(g, "igr.image", "image");
  const of = (name: string): Value => input(g, `${kind}.${name}`, name);
  const conv = (x: Value, w: Value, stride: number): Value =>
    g.op("Conv", [x, w], { kernel_shape: [3, 3], strides: [stride, stride], pads: [1, 1, 1, 1] });
  let h = conv(image, of("conv1"), 1);
  const activation = kind === "smooth" ? "Tanh" : "Relu";
  if (kind === "relu") {
    const running = [0, 1].map((value) =>
      g.op("Expand", [g.scalar(value, image), g.ints([6])], {}, { name: `running_${value}` }),
    );
    const statistics = ["y", "mean", "variance"].map((name) => `batch.${name}`);
    g.node({
      op: "BatchNormalization",
      name: "batch",
      inputs: [h.name, of("scale").name, of("shift").name, ...running.map(({ name }) => name)],
      outputs: statistics,
      attributes: { epsilon: 1e-5, momentum: 0, training_mode: 1 },
    });
    h = g.value("batch.y");
  }
  h = g.op(activation, [conv(g.op(activation, [h]), of("conv2"), 2)]);
  const pooled = g.op("Flatten", [g.op("GlobalAveragePool", [h])]);
  const logits = g.op("Gemm", [pooled, of("dense"), of("bias")], { transB: 1 });
  const oneHot = input(g, "igr.one_hot", "one_hot");
  const imageGradient = (scalar: Value): Value =>
    appendGradients(g, { of: scalar, withRespectTo: [image] })[0]!;
  const { perImage } = totalLoss(
    g,
    { clean: { logits, attention: [] }, oneHot, imageGradient },
    { clean: 1, [form]: weight },
  );
  const loss = g.op("ReduceMean", [perImage], { keepdims: 0 });
  g.output(loss);
  return { graph: g.build(), loss: loss.name };
}

describe("input gradient regularisation against PyTorch's double backward in float64", () => {
  const leavesOf = (kind: string): string[] => [
    "conv1",
    "conv2",
    "dense",
    "bias",
    ...(kind === "relu" ? ["scale", "shift"] : []),
  ];
  const feedsOf = (kind: string): Record<string, Tensor> => ({
    image: expected("igr.image"),
    one_hot: expected("igr.one_hot"),
    ...Object.fromEntries(leavesOf(kind).map((name) => [name, expected(`${kind}.${name}`)])),
  });

  it.each(["smooth", "relu"] as const)("has the same loss and weight gradients: %s network", (kind) => {
    const { graph, loss } = network(kind, "inputGradient", 0.7);
    const leaves = leavesOf(kind);
    const outputs = evaluate(gradient(graph, { of: loss, withRespectTo: leaves }), feedsOf(kind));
    const value = evaluate(graph, feedsOf(kind))[loss];
    expect(relativeError(numbers(value), numbers(expected(`${kind}.loss`)))).toBeLessThan(1e-10);
    for (const name of leaves) {
      const error = relativeError(
        numbers(outputs[`${name}_grad`]),
        numbers(expected(`${kind}.grad.${name}`)),
      );
      expect(error, name).toBeLessThan(1e-9);
    }
  });

  it("in the batch-mean form it is the per-sample form divided by the batch size", () => {
    const [perSample, batchMean] = (["inputGradient", "inputGradientBatchMean"] as const).map((form, i) => {
      const { graph, loss } = network("smooth", form, i === 0 ? 0.7 : 0.7 * 4);
      return numbers(evaluate(graph, feedsOf("smooth"))[loss])[0]!;
    });
    expect(batchMean).toBeCloseTo(perSample!, 12);
  });
});
