// One PGD step of a ResNet by its name, or of an ONNX file by its path, as holdfast compiles it, timed in a process of its own.
// Called by steps.mjs and imported.mjs.
import { createTarget, pgd, planAttack, runAttack } from "../dist/attacks/index.js";
import { createClassifier, loadClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const [name, batch, size, threads] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const random = createGenerator(0);
const classNames = Array.from({ length: 1000 }, (_, i) => String(i));
const started = performance.now();
const classifier = name.endsWith(".onnx")
  ? await loadClassifier(name)
  : createClassifier(name, { channels: 3, height: size, width: size, classNames, random });
const parts = name.endsWith(".onnx") ? { read: performance.now() - started } : {};
const target = createTarget(classifier, { batchSize: batch, threads });
const images = random.stream("images").fillUniform(new Float32Array(batch * 3 * size * size), 0, 1);
const labels = Int32Array.from({ length: batch }, (_, i) => i);
const input = { images, labels, indices: Uint32Array.from(labels), size: batch };
const threat = { norm: "linf", epsilon: 8 / 255 };
const attack = async (steps) => {
  const began = performance.now();
  await runAttack(target, planAttack(pgd, threat, { steps, stepSize: 2 / 255, keep: "last" }), input, {
    random,
  });
  return performance.now() - began;
};
const STEPS = 3;
await attack(STEPS);
// The harness scores clean and adversarial images too: what one step more costs is the step itself.
const times = [];
for (let i = 0; i < 4; i++) times.push(((await attack(STEPS + 1)) - (await attack(1))) / STEPS);
times.sort((a, b) => a - b);
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ms: times[times.length >> 1], peakMiB, parts }));
await target.dispose();
