import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { smallResnet, smallSettings } from "../../test/small-training.js";
import { RECIPES, type Recipe } from "../defences/index.js";
import type { Classifier } from "../models/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import { trainClassifier, UPDATE } from "./index.js";
import { runInParts } from "./run-parts.js";
import { updateGraph } from "./update-graph.js";
import { updateOptions } from "./update-options.js";
import { updateGraphInParts } from "./update-parts.js";

const MB = 2 ** 20;
const BATCH = 8;

/** Random images, labels and state for one update of both halves. */
function feedsOf(classifier: Classifier, inputs: readonly { name: string; shape: readonly number[] }[]) {
  const random = createGenerator(4);
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape } of inputs) {
    const known = classifier.graph.initializers.get(name.replace(/^ema:/, ""));
    const size = shape.reduce((product, dim) => product * dim, 1);
    const drawn = random.stream(name).fillUniform(new Float32Array(size), 0.1, 1);
    if (known === undefined && /:/.test(name)) drawn.fill(0.01);
    // A copy: BatchNormalization may write over it.
    feeds[name] = tensor(
      "float32",
      shape,
      known === undefined ? drawn : (known.data as Float32Array).slice(),
    );
  }
  const classes = classifier.classNames.length;
  const labels = new Float32Array(BATCH * classes);
  for (let i = 0; i < BATCH; i++) labels[i * classes + (i % classes)] = 1;
  feeds[UPDATE.oneHot] = tensor("float32", [BATCH, classes], labels);
  return feeds;
}

async function bothWays(classifier: Classifier, recipe: Recipe, count: number) {
  const options = updateOptions(classifier, smallSettings(recipe, { clipNorm: 0.5, emaDecay: 0.9 }));
  const whole = updateGraph(classifier, options);
  const split = updateGraphInParts(classifier, { ...options, parts: count });
  const [one, part, step] = [
    await compile(whole.graph, { threads: 1 }),
    await compile(split.part!, { threads: 1 }),
    await compile(split.graph, { threads: 1 }),
  ];
  const feeds = (): Record<string, Tensor> => feedsOf(classifier, one.inputs);
  const wanted = await one.run(feeds());
  const found = await runInParts({ count, part, step }, classifier, split, feeds());
  await Promise.all([one, part, step].map((program) => program.dispose()));
  expect([...split.state].sort()).toEqual([...whole.state].sort());
  return { wanted, found, state: whole.state };
}

const distance = (a: Tensor, b: Tensor): number => {
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  expect(x.length).toBe(y.length);
  const greatest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0) / greatest;
};

describe("a batch in parts", () => {
  const paired = {
    ...RECIPES["alp"]!,
    weights: { clean: 0.5, adversarial: 0.5, logitPairing: 0.1 },
  };

  test.each([2, 4, 8])("of %d gives the update of the whole, without BatchNormalization", async (count) => {
    const { wanted, found, state } = await bothWays(smallNetwork(), paired, count);
    const names = [
      ...state.map(UPDATE.next),
      UPDATE.loss,
      UPDATE.term("clean"),
      UPDATE.term("logitPairing"),
      UPDATE.logits,
    ];
    const logits = wanted[UPDATE.logits]!;
    expect(found[UPDATE.logits]!.shape).toEqual(logits.shape);
    for (const name of names) expect(distance(found[name]!, wanted[name]!), name).toBeLessThan(1e-6);
  });

  test("moves BatchNormalization's averages at each part, as PyTorch's micro-batches do", async () => {
    const classifier = smallResnet(28);
    const { wanted, found } = await bothWays(classifier, RECIPES["undefended"]!, 2);
    const mean = classifier.buffers.find((name) => name.endsWith("running_mean"))!;
    const [one, two] = [wanted, found].map((outputs) => outputs[UPDATE.next(mean)]!.data as Float32Array);
    // From 0: .1 m of the whole, and of its halves a and b .1 (.9 a + b), where m = (a + b) / 2.
    const ratio = two!.reduce((a, b) => a + b, 0) / one!.reduce((a, b) => a + b, 0);
    expect(ratio).toBeGreaterThan(1.85);
    expect(ratio).toBeLessThan(1.95);
  });
});

test.runIf(process.platform === "linux")("a training does not grow", { timeout: 60_000 }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const resident = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
  const classifier = smallResnet(12, { classNames: ["a", "b", "c"] });
  const train = smallDataset();
  const steps = 240;
  const settings = smallSettings(RECIPES["undefended"]!, {
    epochs: steps / Math.floor(train.length / BATCH),
  });
  const sizes: number[] = [];
  await trainClassifier(classifier, { train, validation: undefined }, settings, {
    onEvent(event) {
      if (event.type !== "step" || event.step <= steps / 2 || event.step % 20 > 0) return;
      collect();
      sizes.push(resident());
    },
  });
  // What lives from step to step is a megabyte: kept, it would add a hundred.
  expect(Math.min(...sizes.slice(3)) - Math.min(...sizes.slice(0, 3))).toBeLessThan(12 * MB);
});
