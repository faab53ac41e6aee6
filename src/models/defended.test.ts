import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixture, relativeError } from "../../test/fixture.js";
import { evaluate } from "../../test/reference/index.js";
import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, type Dim } from "../graph/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import { denoisingBlock } from "./denoising.js";
import {
  bindBatch,
  createClassifier,
  drawRandomInputs,
  loadClassifier,
  saveClassifier,
  type Classifier,
  type Denoising,
  type ModelDefence,
} from "./index.js";
import { createLayers } from "./layers.js";

/** PyTorch float64 (scripts/fixtures/denoising.py) against the graph in the float64 interpreter. */
const expected = fixture("denoising");
const numbers = (tensor: Tensor | undefined): ArrayLike<number> => tensor!.data as Float64Array;
const FILTERS: Denoising["filter"][] = ["gaussian", "embedded-gaussian", "dot-product", "mean", "median"];
const random = createGenerator(3);
/** The fixture's inputs are float32 numbers. */
const single = (name: string): Tensor => {
  const { shape, data } = expected(name);
  return tensor("float32", shape, Float32Array.from(data as Float64Array));
};

describe.each(FILTERS)("the %s denoising block", (filter) => {
  it("matches PyTorch's output, input gradient and weight gradients", () => {
    const g = new GraphBuilder<Dim>(filter);
    const x = g.input("x", "float32", ["N", 6, 5, 4]);
    const y = denoisingBlock(g, createLayers(g, random), x, "block", { filter });
    g.output(y);
    const graph = g.build();
    const initializers = new Map(graph.initializers);
    const set = (name: string, from: string): void => {
      if (initializers.has(name)) initializers.set(name, single(from));
    };
    for (const name of ["conv", "theta", "phi"]) set(`block.${name}.weight`, name);
    set("block.bn.weight", "scale");
    set("block.bn.bias", "shift");
    set("block.bn.running_mean", "mean");
    set("block.bn.running_var", "variance");
    const source = { graph: { ...graph, initializers } } as unknown as Classifier;
    const bound = GraphBuilder.from(bindBatch({ ...source, image: "x" }, 2).graph);
    const cotangent = bound.input("cotangent", "float32", [2, 6, 5, 4]);
    const dot = bound.op("ReduceSum", [bound.op("Mul", [bound.value(y.name), cotangent])], { keepdims: 0 });
    const embedded = filter === "embedded-gaussian" || filter === "dot-product";
    const learnt = embedded ? ["conv", "theta", "phi"] : ["conv"];
    const withRespectTo = ["x", ...learnt.map((name) => `block.${name}.weight`)].map((name) =>
      bound.value(name),
    );
    const gradients = appendGradients(bound, { of: dot, withRespectTo });
    for (const gradient of gradients) bound.output(gradient);
    const outputs = evaluate(bound.build(), { x: single("x"), cotangent: single("cotangent") });
    const wanted = ["y", "grad", ...learnt.map((name) => `grad.${name}`)];
    [y, ...gradients].forEach(({ name }, i) => {
      const error = relativeError(numbers(outputs[name]), numbers(expected(`${filter}.${wanted[i]!}`)));
      expect(error, wanted[i]).toBeLessThan(1e-7);
    });
  });

  it("starts as the identity", async () => {
    const options = { channels: 3, height: 16, width: 16, classNames: ["a", "b"], random };
    const image = tensor(
      "float32",
      [2, 3, 16, 16],
      random.stream("x").fillUniform(new Float32Array(1536), 0, 1),
    );
    const logits = async (defence: ModelDefence): Promise<Tensor> => {
      const classifier = createClassifier("resnet-mini", { ...options, defence });
      const program = await compile(bindBatch(classifier, 2).graph);
      const outputs = await program.run({ image });
      await program.dispose();
      return outputs[classifier.logits]!;
    };
    expect((await logits({ denoising: { filter } })).data).toEqual((await logits({})).data);
  });
});

describe("random resizing as two matrix products", () => {
  it.each([8, 9, 11])("matches PyTorch's nearest neighbour at side %i, padded with zeros", (side) => {
    // The side is uniform in [smallest, frame): here it can only be `side`.
    const frame = side + 1;
    const classifier = createClassifier("resnet-mini", {
      channels: 1,
      height: 8,
      width: 8,
      classNames: ["a", "b"],
      random,
      defence: { randomResize: { smallest: side / 8, largest: frame / 8, when: "always" } },
    });
    const drawn = drawRandomInputs(classifier, [5], { random, purpose: "test", draw: 0 });
    const g = GraphBuilder.from(bindBatch(classifier, 1).graph);
    g.output(g.value("resized"));
    const resized = numbers(evaluate(deadCode(g.build()), { image: single("image"), ...drawn })["resized"]);
    const wanted = numbers(expected(`resized.${side}`));
    const place = ["resize_rows", "resize_columns"].map((name) => (drawn[name]!.data[0] === 0 ? 1 : 0));
    for (let y = 0; y < frame; y++) {
      for (let x = 0; x < frame; x++) {
        const [row, column] = [y - place[0]!, x - place[1]!];
        const inside = row >= 0 && row < side && column >= 0 && column < side;
        expect(resized[y * frame + x]).toBe(inside ? wanted[row * side + column] : 0);
      }
    }
  });
});

describe("randomised classifiers", () => {
  const noise: ModelDefence = {
    inputNoise: { distribution: "normal", scale: 0.1 },
    activationNoise: { distribution: "uniform", scale: 0.2 },
  };
  const options = { channels: 1, height: 8, width: 8, classNames: ["a", "b"], random, defence: noise };

  it("draw by an image's index, whatever the batch", () => {
    const classifier = createClassifier("resnet-mini", options);
    const address = { random, purpose: "p", draw: 1 };
    const [both, second] = [[3, 7], [7]].map((places) => drawRandomInputs(classifier, places, address));
    for (const { name } of classifier.randomInputs!) {
      const { data } = both![name]!;
      expect(data.slice(data.length / 2), name).toEqual(second![name]!.data);
    }
    const other = drawRandomInputs(classifier, [7], { ...address, draw: 2 });
    expect(other["input_noise"]!.data).not.toEqual(second!["input_noise"]!.data);
    const deviation = Math.hypot(...(second!["input_noise"]!.data as Float32Array)) / 8;
    expect(deviation).toBeGreaterThan(0.07);
    expect(deviation).toBeLessThan(0.13);
  });

  it("keep their draws when saved and loaded", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-defended-"));
    try {
      const classifier = createClassifier("resnet-mini", options);
      await saveClassifier(classifier, join(folder, "model.onnx"));
      const loaded = await loadClassifier(join(folder, "model.onnx"));
      expect(loaded.randomInputs).toEqual(classifier.randomInputs);
      expect(loaded.image).toBe("image");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
