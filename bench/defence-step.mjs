// One training step of a defence, augmentation and loading left out, in a process of its own: AT+ALP
// (10 PGD steps and an update of the doubled batch) or IGR. Called by defences.mjs.
import { createDatasetForBench } from "./images.mjs";
import { RECIPES } from "../dist/defences/index.js";
import { createClassifier } from "../dist/models/index.js";
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
const abort = new AbortController();
const times = [];
let last = performance.now();
await trainClassifier(classifier, { train: data, validation: undefined }, settings, {
  signal: abort.signal,
  onEvent(event) {
    if (event.type !== "step") return;
    const now = performance.now();
    if (event.step > 1) times.push(now - last);
    last = now;
    if (event.step > steps) abort.abort();
  },
});
times.sort((a, b) => a - b);
console.log(JSON.stringify({ ms: times[times.length >> 1], peakMiB: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
