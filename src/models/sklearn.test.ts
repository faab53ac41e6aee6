import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openTarget } from "../attacks/index.js";
import { bind } from "../graph/index.js";
import { readModelFile, writeModel } from "../onnx/index.js";
import { compile } from "../runtime/index.js";
import { float32 } from "../tensor/index.js";
import { isOpaque, loadAnyClassifier, loadClassifier } from "./index.js";

/** Made by scripts/fixtures/sklearn_models.py. */
const path = (name: string): string => `test/fixtures/onnx/sklearn-${name}.onnx`;
const expected = JSON.parse(readFileSync("test/fixtures/onnx/sklearn.json", "utf8")) as {
  readonly images: number[];
  readonly classes: string[];
  readonly mlp: number[];
  readonly forest: number[];
};
const images = Float32Array.from(expected.images);

const softmax = (row: readonly number[]): number[] => {
  const all = row.map((value) => Math.exp(value));
  const sum = all.reduce((a, b) => a + b, 0);
  return all.map((value) => value / sum);
};
const rows = (flat: ArrayLike<number>): number[][] =>
  [0, 3, 6].map((start) => Array.from(flat).slice(start, start + 3));

test("a pipeline with labels as text and a ZipMap has logits and its classes' names", async () => {
  const classifier = await loadClassifier(path("mlp"));
  expect(classifier.classNames).toEqual(expected.classes);
  expect([classifier.channels, classifier.height, classifier.width]).toEqual([1, 8, 8]);
  const program = await compile(bind(classifier.graph, { N: 3 }), { threads: 1 });
  const found = await program.run({ [classifier.image]: float32([3, 1, 8, 8], images) });
  await program.dispose();
  rows(found[classifier.logits]!.data as Float32Array)
    .flatMap(softmax)
    .forEach((p, i) => expect(p).toBeCloseTo(expected.mlp[i]!, 5));
});

test("a forest is run as its file is, for the probabilities that its ZipMap reads", async () => {
  const classifier = await loadAnyClassifier(path("forest"));
  if (!isOpaque(classifier)) throw new Error("a forest has no gradient");
  expect(classifier.classNames).toEqual(expected.classes);
  const target = openTarget(classifier, { batchSize: 3, threads: 1 });
  const found = await target.logits(images);
  await target.dispose();
  found.forEach((p, i) => expect(p).toBeCloseTo(expected.forest[i]!, 5));
});

test("what is read of it is a valid file", async () => {
  const model = await readModelFile(path("mlp"));
  expect(model.graph.outputs.map(({ dtype }) => dtype)).toEqual(["float32"]);
  const { InferenceSession } = await import("onnxruntime-node");
  const session = await InferenceSession.create(writeModel(model));
  expect(session.outputNames).toEqual(model.graph.outputs.map(({ name }) => name));
  await session.release();
});
