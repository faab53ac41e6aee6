import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openDataset, takeSample, type Dataset } from "../data/index.js";
import { InputError, UsageError } from "../errors/index.js";
import { GraphBuilder, type Dim } from "../graph/index.js";
import { createClassifier, type Classifier } from "../models/index.js";
import { renderReport } from "../report/index.js";
import { createGenerator, tensor } from "../tensor/index.js";
import {
  chanceLevel,
  evaluateModels,
  readResult,
  worstCase,
  writeResult,
  type ModelUnderTest,
  type Result,
} from "./index.js";

let dataset: Dataset;
let result: Result;
const tool = { name: "holdfast", version: "0.0.0" };
const options = {
  epsilons: [0.1, 0.3],
  options: { steps: 3 },
  iterations: [1],
  transferFrom: ["a", "b"],
  threads: 1,
};

function untrained(name: string, seed: number): ModelUnderTest {
  const classifier = createClassifier("resnet-mini", {
    channels: 1,
    height: 28,
    width: 28,
    classNames: dataset.classNames,
    random: createGenerator(seed),
  });
  const info = { recipe: null, path: name, sha256: "0".repeat(64), architecture: "resnet-mini" };
  return { name, classifier, info };
}

beforeAll(async () => {
  const whole = await openDataset("mnist:test");
  dataset = takeSample(whole, 50, createGenerator(1));
  const models = [untrained("a", 1), untrained("b", 2)];
  const sample = { dataset, population: whole.length, seed: 1 };
  result = await evaluateModels(models, sample, options, { tool });
});

describe("an evaluation of two models", () => {
  test("has clean, white-box and transfer accuracy for every ε and step count", () => {
    const kinds = result.measurements.map((m) => `${m.model} ${m.kind}`);
    const expected = ["clean", "white-box", "white-box", "white-box", "transfer", "transfer"];
    for (const model of ["a", "b"]) {
      for (const kind of new Set(expected)) {
        const found = kinds.filter((each) => each === `${model} ${kind}`).length;
        expect(found).toBe(expected.filter((each) => each === kind).length);
      }
    }
  });

  test("counts an image as robust only where the model is right on it and on its adversarial image", () => {
    for (const m of result.measurements) {
      if (m.kind !== "white-box") continue;
      const columns = m.perImage!;
      const right = columns.label.filter(
        (label, i) => columns.cleanPrediction[i] === label && columns.adversarialPrediction[i] === label,
      ).length;
      expect(m.correct).toBe(right);
      expect(m.largestPerturbation).toBeLessThanOrEqual(m.threat.epsilon + 1e-6);
    }
  });

  test("says that untrained models have collapsed, how the sample was drawn, and what the numbers bound", () => {
    expect(result.warnings.some((warning) => warning.code === "collapsed")).toBe(true);
    expect(result.statements.join(" ")).toMatch(/50 of the 10000 images/);
    expect(result.statements.join(" ")).toMatch(/upper bound/);
  });

  test("is the same whatever the batch size", async () => {
    const models = [untrained("a", 1), untrained("b", 2)];
    const sample = { dataset, population: 10_000, seed: 1 };
    const again = await evaluateModels(models, sample, { ...options, batchSize: 25 }, { tool });
    const numbers = (r: Result): unknown => r.measurements.map(({ id, correct }) => [id, correct]);
    expect(numbers(again)).toEqual(numbers(result));
  });

  test("is written and read again unchanged", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-result-"));
    const path = join(folder, "result.json");
    await writeResult(path, result);
    expect(await readResult(path)).toEqual(result);
    await writeFile(path, "{");
    await expect(readResult(path)).rejects.toThrow(/result\.json: is not a holdfast result: it is not JSON/);
    await writeFile(path, JSON.stringify({ ...result, schemaVersion: 99 }));
    await expect(readResult(path)).rejects.toThrow(/schema version 99/);
    await writeFile(path, JSON.stringify({ ...result, models: [] }));
    await expect(readResult(path)).rejects.toThrow(InputError);
    await rm(folder, { recursive: true });
  });
});

/** The class whose mean image is nearest, which is linear: zₖ = ⟨x, mₖ⟩ − ‖mₖ‖² / 2. */
async function nearestMean({ channels, height, width, classNames, ...images }: Dataset): Promise<Classifier> {
  const [size, classes] = [channels * height * width, classNames.length];
  const weights = new Float32Array(size * classes);
  const bias = new Float32Array(classes);
  const image = new Float32Array(size);
  for (const [i, label] of images.labels.entries()) {
    await images.read(i, image);
    const share = 1 / images.labels.filter((other) => other === label).length;
    image.forEach((value, p) => (weights[p * classes + label]! += share * value));
  }
  weights.forEach((value, p) => (bias[p % classes]! -= value ** 2 / 2));
  const g = new GraphBuilder<Dim>("nearest");
  const flat = g.op("Flatten", [g.input("image", "float32", ["N", channels, height, width])]);
  const product = g.op("MatMul", [flat, g.constant(tensor("float32", [size, classes], weights))]);
  g.output(g.op("Add", [product, g.constant(tensor("float32", [classes], bias))]), "logits");
  const shape = { channels, height, width, classNames, parameters: [], buffers: [], taps: [] };
  return { name: "nearest", graph: g.build(), image: "image", logits: "logits", ...shape };
}

describe("the gray image", () => {
  const evaluateNearest = async (given: object): Promise<Result> => {
    const info = { recipe: null, path: "nearest", sha256: "0".repeat(64), architecture: "linear" };
    const model = { name: "nearest", classifier: await nearestMean(dataset), info };
    const sample = { dataset, population: 10_000, seed: 1 };
    return evaluateModels(
      [model],
      sample,
      { threads: 1, batchSize: 25, epsilons: [0.3, 0.5, 0.6], ...given },
      { tool },
    );
  };

  test("is run at every L∞ ε from .5 on, and is part of the worst case", async () => {
    // Steps that go nowhere: only the gray image breaks anything.
    const measured = await evaluateNearest({ options: { steps: 1, stepSize: 1e-6, randomStart: false } });
    const attacks = measured.measurements.filter((m) => m.kind !== "clean");
    const gray = attacks.filter((m) => m.attack === "gray-image");
    expect(gray.map(({ id }) => id)).toEqual([
      "nearest/white-box/linf-0.5/gray-image",
      "nearest/white-box/linf-0.6/gray-image",
    ]);
    for (const m of gray) {
      const pgd = attacks.find(
        (other) => other.attack === "pgd" && other.threat.epsilon === m.threat.epsilon,
      )!;
      expect(pgd.accuracy).toBeGreaterThan(0.5);
      expect(m.accuracy).toBeLessThanOrEqual(chanceLevel(measured));
      expect(m.largestPerturbation).toBe(0.5);
      expect(m.queries).toEqual({ forward: 2 * dataset.length, gradient: 0 });
      expect(m.parameters.steps).toBeNull();
      const worst = worstCase(measured, "nearest", m.threat)!;
      expect(worst.correct).toBe(m.correct);
      expect(worst.measurements).toContain(m.id);
    }
    expect(measured.statements.join(" ")).toContain("gray image");
    const headline = worstCase(measured, "nearest", measured.headline!)!;
    const page = await renderReport(measured);
    expect(page).toContain("(PGD-1, gray image)");
    expect(page).toMatch(
      new RegExp(`ε = 0.6</dt>\\s*<dd class="number">${(100 * headline.accuracy).toFixed(1)} %`),
    );
    const codes = measured.warnings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(["gray-image", "transfer-stronger", "short-reach"]));
  });

  test("is not run in L2, whose ball need not hold it", async () => {
    const measured = await evaluateNearest({ norm: "l2", options: { steps: 1 } });
    expect(measured.measurements.some((m) => m.kind !== "clean" && m.attack === "gray-image")).toBe(false);
  });
});

describe("what cannot be evaluated", () => {
  const run = (models: ModelUnderTest[], given: Partial<typeof options> = {}): Promise<Result> =>
    evaluateModels(models, { dataset, population: 50, seed: null }, { ...options, ...given }, { tool });

  test("two models of one name, an unknown transfer source, ε out of range", async () => {
    await expect(run([untrained("a", 1), untrained("a", 2)])).rejects.toThrow(/two models are named "a"/);
    await expect(run([untrained("a", 1)])).rejects.toThrow(/"b" is not among the models/);
    await expect(run([untrained("a", 1)], { epsilons: [8], transferFrom: [] })).rejects.toThrow(UsageError);
  });

  test("a model of other images or classes", async () => {
    const { classifier, ...rest } = untrained("a", 1);
    const other = { ...rest, classifier: { ...classifier, height: 32 } };
    await expect(run([other], { transferFrom: [] })).rejects.toThrow(/reads images of 1 × 32 × 28/);
    const fewer = { ...rest, classifier: { ...classifier, classNames: ["x"] } };
    await expect(run([fewer], { transferFrom: [] })).rejects.toThrow(/has 1 classes/);
  });
});
