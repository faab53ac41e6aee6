import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { evaluate } from "../../test/reference/index.js";
import { seededImages, seededProbe, seededWeight } from "../../test/seeded.js";
import { findRecipe } from "../defences/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import { perturbationGraph, UPDATE, updateGraph } from "./index.js";

/** One step of SGD in PyTorch float64 (scripts/fixtures/defence_steps.py). */
interface Step {
  readonly loss: number;
  /** ⟨probe, change⟩ and ‖change‖ of each parameter. */
  readonly parameters: Readonly<Record<string, readonly [number, number]>>;
}
const expected = JSON.parse(readFileSync("test/fixtures/defence-steps.json", "utf8")) as Record<string, Step>;

const [BATCH, CLASSES, SIDE, RATE, GAMMA] = [4, 5, 12, 0.05, 0.01];
const LABELS = [0, 3, 1, 4];

const classifier = createClassifier("resnet-mini", {
  channels: 3,
  height: SIDE,
  width: SIDE,
  classNames: ["a", "b", "c", "d", "e"],
  random: createGenerator(0),
});
const shapeOf = (name: string): readonly number[] => classifier.graph.initializers.get(name)!.shape;
const shape = [BATCH, 3, SIDE, SIDE];
const clean = seededImages("images.clean", shape).data;
const noise = seededImages("images.adversarial", shape).data;
const adversarial = clean.map((value, i) => value + 0.1 * (noise[i]! - 0.5));

function feedsOf(halves: readonly string[]): Record<string, Tensor> {
  const images = halves.flatMap((half) => Array.from(half === "clean" ? clean : adversarial));
  const oneHot = LABELS.flatMap((label) => Array.from({ length: CLASSES }, (_, k) => Number(k === label)));
  const names = [...classifier.parameters, ...classifier.buffers];
  return {
    ...Object.fromEntries(names.map((name) => [name, seededWeight(name, shapeOf(name))])),
    [classifier.image]: tensor(
      "float32",
      [BATCH * halves.length, ...shape.slice(1)],
      Float32Array.from(images),
    ),
    [UPDATE.oneHot]: tensor("float32", [BATCH, CLASSES], Float32Array.from(oneHot)),
    [UPDATE.learningRate]: tensor("float32", [], Float32Array.of(RATE)),
  };
}

/** The float64 interpreter runs the very graphs that training compiles. */
test.each(Object.keys(expected))("one step of %s is PyTorch's", (name) => {
  const { weights } = findRecipe(name);
  const gamma = name === "awp" ? GAMMA : undefined;
  const { graph, halves } = updateGraph(classifier, {
    batchSize: BATCH,
    weights,
    optimiser: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 5e-4 },
    decayAll: true,
    ema: false,
    gamma,
  });
  let feeds = feedsOf(halves);
  if (gamma !== undefined) {
    const moves = perturbationGraph(classifier, { batchSize: BATCH, weights, gamma });
    feeds = { ...feeds, ...evaluate(moves, feeds) };
  }
  const used = Object.fromEntries(graph.inputs.map((input) => [input, feeds[input]!]));
  const outputs = evaluate(graph, used);
  expect(outputs[UPDATE.loss]!.data[0]).toBeCloseTo(expected[name]!.loss, 6);
  for (const [parameter, [along, norm]] of Object.entries(expected[name]!.parameters)) {
    const before = feeds[parameter]!.data as Float32Array;
    const after = outputs[UPDATE.next(parameter)]!.data;
    const probe = seededProbe(parameter, shapeOf(parameter)).data;
    const change = Float64Array.from(after, (value, i) => value - before[i]!);
    const product = change.reduce((sum, value, i) => sum + value * probe[i]!, 0);
    const length = Math.sqrt(change.reduce((sum, value) => sum + value * value, 0));
    const scale = norm * Math.sqrt(probe.length);
    expect(Math.abs(product - along) / scale, `${parameter} along the probe`).toBeLessThan(1e-5);
    expect(Math.abs(length - norm) / norm, `${parameter}'s norm`).toBeLessThan(1e-5);
  }
});
