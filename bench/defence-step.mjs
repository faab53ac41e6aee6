// One training step of a defence, augmentation and loading left out, in a process of its own: AT+ALP
// (10 PGD steps and an update of the doubled batch) or IGR. Called by defences.mjs.
import { createDatasetForBench } from "./images.mjs";
import { RECIPES } from "../dist/defences/index.js";
import { createClassifier } from "../dist/models/index.js";
import { compile } from "../dist/runtime/index.js";
import { createGenerator } from "../dist/tensor/index.js";
import { DEFAULT_TRAINING, OPTIMISERS, trainClassifier } from "../dist/training/index.js";

const [recipeName, model] = process.argv.slice(2);
const [batchSize, size, threads, steps] = process.argv.slice(4).map(Number);
const data = createDatasetForBench(batchSize * 2, size);
const random = createGenerator(0);
const classifier = createClassifier(model, {
  channels: 3,
  height: size,
  width: size,
  classNames: data.classNames,
  random,
});
const recipe = RECIPES[recipeName];
const adversary = recipe.adversary && { ...recipe.adversary, steps: 10, relativeStepSize: 0.25 };
const settings = {
  ...DEFAULT_TRAINING,
  recipe: { ...recipe, adversary },
  batchSize,
  epochs: steps,
  epsilonWarmup: 0,
  optimiser: OPTIMISERS.sgd,
  learningRate: 0.01,
  validation: { images: 0, every: 1, steps: 1 },
  checkpointEvery: 1e9,
  seed: 0,
  threads,
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
/** Milliseconds of the step under way: compiling, the runs before the last one (the attack), the last run (the update). */
let [compiling, runs] = [0, []];
const timed = async (graph, options) => {
  const started = performance.now();
  const program = await compile(graph, options);
  compiling += performance.now() - started;
  const run = async (...args) => {
    const begun = performance.now();
    const outputs = await program.run(...args);
    runs.push(performance.now() - begun);
    return outputs;
  };
  return { ...program, run };
};
const abort = new AbortController();
const times = [];
const parts = { attack: [], compiling: [], update: [] };
let last = performance.now();
await trainClassifier(classifier, { train: data, validation: undefined }, settings, {
  compile: timed,
  signal: abort.signal,
  onEvent(event) {
    if (event.type !== "step") return;
    const now = performance.now();
    if (event.step > 1) {
      times.push(now - last);
      parts.update.push(runs.pop());
      parts.attack.push(runs.reduce((sum, ms) => sum + ms, 0));
      parts.compiling.push(compiling);
    }
    [last, compiling, runs] = [now, 0, []];
    if (event.step > steps) abort.abort();
  },
});
const medians = Object.fromEntries(Object.entries(parts).map(([name, values]) => [name, median(values)]));
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ms: median(times), parts: medians, peakMiB }));
process.exit(0);
