// A training step (AT+ALP: 7 PGD steps and an update of the doubled batch), and images a second with
// and without augmentation beside training.
//   node bench/training.mjs        after npm run build
import { createLoader, openDataset } from "../dist/data/index.js";
import { RECIPES } from "../dist/defences/index.js";
import { createClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";
import { DEFAULT_TRAINING, trainClassifier } from "../dist/training/index.js";

const threads = Number(process.env["THREADS"] ?? 2);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Milliseconds a step of a training, the first few left out. */
async function stepTime(model, data, batchSize, steps, augmentation) {
  const random = createGenerator(0);
  const { channels, height, width, classNames } = data;
  const classifier = createClassifier(model, { channels, height, width, classNames, random });
  const recipe = RECIPES["at-alp"];
  const abort = new AbortController();
  const times = [];
  let last = performance.now();
  const settings = { ...DEFAULT_TRAINING, recipe, batchSize, epochs: 100, seed: 0, threads, augmentation };
  await trainClassifier(classifier, { train: data, validation: undefined }, settings, {
    signal: abort.signal,
    onEvent(event) {
      if (event.type !== "step") return;
      const now = performance.now();
      if (event.step > 2) times.push(now - last);
      last = now;
      if (event.step === steps) abort.abort();
    },
  });
  return median(times);
}

async function loadingRate(data, augmentation) {
  const loader = createLoader(data, {
    batchSize: 128,
    random: createGenerator(0),
    augmentation: augmentation ?? undefined,
  });
  await loader.batch(0);
  const started = performance.now();
  const batches = 40;
  for (let step = 1; step <= batches; step++) await loader.batch(step);
  await loader.dispose();
  return (128 * batches * 1000) / (performance.now() - started);
}

const flip = { horizontalFlip: 0.5, cropPadding: 4 };
const mnist = await openDataset("mnist");
const flowers = await openDataset("flowers", { perClass: 256 });
/** @type {{ name: string, data: object, model: string, batch: number, steps: number }[]} */
const cases = [
  { name: "MNIST 28 × 28, resnet-mini, batch 128", data: mnist, model: "resnet-mini", batch: 128, steps: 30 },
  { name: "flowers 64 × 64, resnet18, batch 16", data: flowers, model: "resnet18", batch: 16, steps: 8 },
];
const say = (name, ms, batch) =>
  console.log(`${name}: ${ms.toFixed(0)} ms a step, ${((batch * 1000) / ms).toFixed(0)} images/s`);
for (const { name, data, model, batch, steps } of cases) {
  say(name, await stepTime(model, data, batch, steps, null), batch);
  say(`${name}, augmented`, await stepTime(model, data, batch, steps, flip), batch);
  const [plain, augmented] = [await loadingRate(data, null), await loadingRate(data, flip)];
  console.log(
    `${name}: loading alone ${plain.toFixed(0)} images/s, augmented ${augmented.toFixed(0)} images/s`,
  );
}
process.exit(0);
