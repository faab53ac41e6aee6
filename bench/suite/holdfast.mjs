// holdfast as a contestant: node holdfast.mjs '{"task": "pgd-step", "model": "resnet50", …, "folder": …, "threads": 2}'
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTarget, pgd, planAttack, runAttack } from "../../dist/attacks/index.js";
import { RECIPES } from "../../dist/defences/index.js";
import { createClassifier, initialiseFrom, loadClassifier } from "../../dist/models/index.js";
import { compile } from "../../dist/runtime/index.js";
import { createGenerator } from "../../dist/tensor/index.js";
import { DEFAULT_TRAINING, OPTIMISERS, trainClassifier } from "../../dist/training/index.js";
import { serve } from "./contestant.mjs";

const { task, model, size, batch, folder, threads } = JSON.parse(process.argv[2]);
const classNames = Array.from({ length: 17 }, (_, k) => String(k));
const shape = { channels: 3, height: size, width: size };
const bytes = readFileSync(join(folder, "images.f32"));
const images = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const labels = Int32Array.from({ length: batch }, (_, i) => i % classNames.length);
const random = createGenerator(0);
const [STEPS, EPSILON, SIZE] = [4, 8 / 255, 2 / 255];

await (task === "forward" || task === "pgd-step" ? attacks() : trainings());

async function classifierOf() {
  if (!/^resnet\d+$/.test(model)) return loadClassifier(join(folder, "model.onnx"));
  const own = createClassifier(model, { ...shape, classNames, random });
  return (await initialiseFrom(own, join(folder, "weights.safetensors"))).classifier;
}

async function attacks() {
  const target = createTarget(await classifierOf(), { batchSize: batch, threads });
  const input = { images, labels, indices: Uint32Array.from({ length: batch }, (_, i) => i), size: batch };
  if (task === "forward") {
    const check = Array.from((await target.logits(images)).subarray(0, classNames.length));
    return serve({ check }, () => timed(() => target.logits(images)));
  }
  const options = { stepSize: SIZE, keep: "last", randomStart: false, objective: "cross-entropy" };
  const attack = (steps) =>
    runAttack(target, planAttack(pgd, { norm: "linf", epsilon: EPSILON }, { ...options, steps }), input, {
      random,
    });
  const check = [...(await attack(STEPS)).adversarialLoss].slice(0, 8);
  await attack(1);
  // The harness scores images too: what STEPS steps more cost is the steps themselves.
  return serve({ check }, async () => {
    const one = await timed(() => attack(1));
    return ((await timed(() => attack(STEPS + 1))) - one) / STEPS;
  });
}

async function trainings() {
  const each = images.length / batch;
  const dataset = {
    name: "bench",
    split: "train",
    length: batch,
    ...shape,
    classNames,
    labels,
    fileName: String,
    read: (i, out) => out.set(images.subarray(i * each, (i + 1) * each)),
  };
  const recipe = RECIPES[task === "train-step" ? "undefended" : task];
  const adversary = recipe.adversary && {
    ...recipe.adversary,
    epsilon: EPSILON,
    steps: 10,
    relativeStepSize: 0.25,
    randomStart: false,
  };
  const settings = {
    ...DEFAULT_TRAINING,
    recipe: { ...recipe, adversary },
    batchSize: batch,
    epochs: 1e6,
    epsilonWarmup: 0,
    optimiser: OPTIMISERS.sgd,
    schedule: { kind: "constant" },
    learningRate: 0.01,
    labelSmoothing: 0,
    validation: { images: 0, every: 1, steps: 1 },
    checkpointEvery: 1e9,
    seed: 0,
    threads,
  };
  // Nothing of a step runs before it is asked for.
  let [open, gate] = shut();
  let told;
  const gated = async (graph, options) => {
    await gate;
    const program = await compile(graph, options);
    const run = async (...args) => {
      await gate;
      return program.run(...args);
    };
    return { ...program, run };
  };
  const losses = [];
  const step = () =>
    new Promise((resolve) => {
      told = resolve;
      open();
    });
  const training = trainClassifier(
    await classifierOf(),
    { train: dataset, validation: undefined },
    settings,
    {
      compile: gated,
      onEvent(event) {
        if (event.type !== "step") return;
        losses.push(event.loss);
        [open, gate] = shut();
        told();
      },
    },
  );
  training.catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  for (let i = 0; i < 3; i++) await step();
  return serve({ check: losses }, () => timed(step));
}

/** A promise, and what fulfils it. */
function shut() {
  let open;
  const promise = new Promise((resolve) => (open = resolve));
  return [open, promise];
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
