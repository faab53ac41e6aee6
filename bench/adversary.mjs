// Milliseconds, by the clock and of CPU, that a training's adversary takes for one batch of AT+ALP, new weights and all.
//   npm run build && node bench/adversary.mjs resnet18 64 16        model, side, batch; THREADS=1
import { createAdversary } from "../dist/attacks/index.js";
import { RECIPES } from "../dist/defences/index.js";
import { createClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const [model = "resnet18", side = "64", batch = "16"] = process.argv.slice(2);
const [size, batchSize, classes] = [Number(side), Number(batch), 17];
const random = createGenerator(0);
const classNames = Array.from({ length: classes }, (_, i) => `${i}`);
const classifier = createClassifier(model, { channels: 3, height: size, width: size, classNames, random });
const { adversary: spec, weights: lossWeights } = RECIPES["at-alp"];
const threads = Number(process.env.THREADS ?? 2);
const adversary = createAdversary(
  classifier,
  { ...spec, steps: 10 },
  { batchSize, random, threads, lossWeights },
);
const pixels = random.stream("images").fillUniform(new Float32Array(batchSize * 3 * size * size), 0, 1);
const oneHot = new Float32Array(batchSize * classes);
for (let i = 0; i < batchSize; i++) oneHot[i * classes + (i % classes)] = 1;

const times = [];
for (let step = 0; step < 8; step++) {
  // Others than before, as far as the adversary can see.
  const fresh = [...classifier.parameters, ...classifier.buffers].map((name) => [
    name,
    { ...classifier.graph.initializers.get(name) },
  ]);
  const [started, used] = [performance.now(), process.cpuUsage()];
  await adversary.perturb({ images: pixels, oneHot }, new Map(fresh), { epsilon: 8 / 255, step });
  const { user, system } = process.cpuUsage(used);
  times.push([performance.now() - started, (user + system) / 1000]);
}
await adversary.dispose();
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1].toFixed(0);
// The first compiles.
const later = times.slice(1);
console.log(`${median(later.map(([wall]) => wall))} ms, ${median(later.map(([, cpu]) => cpu))} ms of CPU`);
process.exit(0);
