import { describe, expect, it } from "vitest";
import { fixture, relativeError } from "../../../test/fixture.js";
import { seededImages, seededWeight } from "../../../test/seeded.js";
import { GraphBuilder, type Dim } from "../../graph/index.js";
import type { Classifier } from "../../models/index.js";
import { compile } from "../../runtime/index.js";
import { float32, tensor, type Tensor } from "../../tensor/index.js";
import { updateGraph, type UpdateGraphOptions } from "../update-graph.js";
import { UPDATE } from "../update-names.js";
import type { OptimiserSpec } from "./index.js";

/** The network, rates and batches of scripts/fixtures/optimisers.py, which ran them in float64. */
const expected = fixture("optimisers");
const RATES = [0.05, 0.02, 0.08, 0.04, 0.01];
const BATCH_SIZE = 8;
const CLASSES = 4;
const PARAMETERS = ["conv.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias"];
const BUFFERS = ["bn.running_mean", "bn.running_var"];
const oneHot = float32(
  [BATCH_SIZE, CLASSES],
  Array.from({ length: BATCH_SIZE * CLASSES }, (_, i) =>
    Number(Math.floor(i / CLASSES) % CLASSES === i % CLASSES),
  ),
);

function network(): Classifier {
  const g = new GraphBuilder<Dim>("network");
  const weight = (name: string, ...shape: number[]): ReturnType<typeof g.value> =>
    g.initializer(name, seededWeight(name, shape));
  const image = g.input("image", "float32", ["N", 2, 4, 4]);
  const convolved = g.op("Conv", [image, weight("conv.weight", 3, 2, 3, 3)], { pads: [1, 1, 1, 1] });
  const norm = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map((name) => weight(name, 3));
  const active = g.op("Relu", [g.op("BatchNormalization", [convolved, ...norm])]);
  const head = [weight("fc.weight", CLASSES, 48), weight("fc.bias", CLASSES)];
  const logits = g.op("Gemm", [g.op("Flatten", [active]), ...head], { transB: 1 });
  g.output(logits);
  return {
    name: "network",
    graph: g.build(),
    image: "image",
    logits: logits.name,
    channels: 2,
    height: 4,
    width: 4,
    classNames: ["a", "b", "c", "d"],
    parameters: PARAMETERS,
    buffers: BUFFERS,
    taps: [],
  };
}

/** State after the steps, and what each step said. */
async function train(
  optimiser: OptimiserSpec,
  options: Partial<UpdateGraphOptions>,
  emaDecay: number,
): Promise<{ state: Map<string, Tensor>; steps: Record<string, Tensor>[] }> {
  const classifier = network();
  const weights = { clean: 1, adversarial: 0, logitPairing: 0, attentionPairing: 0 };
  const defaults = { batchSize: BATCH_SIZE, weights, optimiser, decayAll: true, ema: false };
  const update = updateGraph(classifier, { ...defaults, ...options });
  const initial = (name: string): Tensor =>
    classifier.graph.initializers.get(name.replace(/^ema:/, "")) ??
    tensor("float32", update.graph.values.get(name)!.shape);
  const program = await compile(update.graph, { threads: 1 });
  const wanted = new Set(program.inputs.map(({ name }) => name));
  const state = new Map(update.state.map((name) => [name, initial(name)]));
  const steps: Record<string, Tensor>[] = [];
  for (const [step, rate] of RATES.entries()) {
    const { beta1, beta2 } = optimiser.kind === "sgd" ? { beta1: 0, beta2: 0 } : optimiser;
    const feeds: Record<string, Tensor> = {
      ...Object.fromEntries(state),
      image: seededImages(`images.${step}`, [BATCH_SIZE, 2, 4, 4]),
      [UPDATE.oneHot]: oneHot,
      [UPDATE.learningRate]: float32([], [rate]),
      [UPDATE.biasCorrection1]: float32([], [1 - beta1 ** (step + 1)]),
      [UPDATE.biasCorrection2]: float32([], [1 - beta2 ** (step + 1)]),
      [UPDATE.emaDecay]: float32([], [emaDecay]),
    };
    const fed = Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name)));
    const outputs = await program.run(fed);
    for (const name of update.state) state.set(name, outputs[UPDATE.next(name)]!);
    steps.push(outputs);
  }
  await program.dispose();
  return { state, steps };
}

const sgd = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0.05 } as const;
const adam = { kind: "adam", beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.05 } as const;
const adamw = { ...adam, kind: "adamw", weightDecay: 0.5 } as const;

describe("five steps against PyTorch in float64", () => {
  it.each<[string, OptimiserSpec, Partial<UpdateGraphOptions>]>([
    ["sgd", { ...sgd, momentum: 0, weightDecay: 0 }, {}],
    ["momentum", sgd, {}],
    ["nesterov", { ...sgd, momentum: 0.8, nesterov: true }, {}],
    ["adam", adam, {}],
    ["adamw", adamw, {}],
    ["matrices", adamw, { decayAll: false }],
    ["clipped", { ...sgd, weightDecay: 0 }, { clipNorm: 0.3 }],
    ["averaged", { ...sgd, weightDecay: 0 }, { ema: true }],
  ])("%s", async (name, optimiser, options) => {
    const { state, steps } = await train(optimiser, options, 0.6);
    const agrees = (actual: Tensor | undefined, key: string): void => {
      const error = relativeError(
        actual!.data as Float32Array,
        expected(`${name}.${key}`).data as Float64Array,
      );
      expect(error, key).toBeLessThan(1e-5);
    };
    steps.forEach((outputs, step) => {
      agrees(outputs[UPDATE.loss], `loss.${step}`);
      if (options.clipNorm !== undefined) agrees(outputs[UPDATE.gradientNorm], `norm.${step}`);
    });
    for (const key of [...PARAMETERS, ...BUFFERS]) {
      agrees(state.get(key), key);
      if (options.ema === true) agrees(state.get(UPDATE.ema(key)), `ema:${key}`);
    }
  });
});
