// One PGD step of an imported ONNX file, timed in a process of its own, and the graph work before it. Called by imported.mjs.
import { createTarget, pgd, runAttack } from "../dist/attacks/index.js";
import { loadClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const path = process.argv[2];
const [batch, threads] = process.argv.slice(3).map(Number);
const started = performance.now();
const classifier = await loadClassifier(path);
const readMs = performance.now() - started;
const target = createTarget(classifier, { batchSize: batch, threads });
const random = createGenerator(0);
const { channels, height, width } = classifier;
const images = random.stream("images").fillUniform(new Float32Array(batch * channels * height * width), 0, 1);
const labels = Int32Array.from({ length: batch }, (_, i) => i);
const input = { images, labels, indices: Uint32Array.from(labels), size: batch };
const threat = { norm: "linf", epsilon: 8 / 255 };
const attack = async (steps) => {
  const began = performance.now();
  await runAttack(target, pgd, input, threat, { steps, stepSize: 2 / 255, keep: "last" }, { random });
  return performance.now() - began;
};
const STEPS = 3;
await attack(STEPS);
const times = [];
for (let i = 0; i < 4; i++) times.push(((await attack(STEPS + 1)) - (await attack(1))) / STEPS);
times.sort((a, b) => a - b);
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ms: times[times.length >> 1], readMs, peakMiB }));
await target.dispose();
