// Attacks that look for the nearest image against their peers in PyTorch, on the same model and images:
//   PYTHON=python node bench/nearest/compare.mjs model.onnx mnist:test 100 linf fmn 1000       after npm run build
// The attack is fmn, cw, deepfool or hop-skip-jump, and the number its steps, or the answers that HopSkipJump may ask for. Prints for each
// the images found, the median distance over the images that the model is right on, gradients and answers an image, and the seconds; and on
// how many images ours is the nearer one. square takes an ε as well, and is compared by what it breaks there:
//   … node bench/nearest/compare.mjs model.onnx mnist:test 100 linf square 1000 0.2
// MEAN and STD, for pixels in [0, 1], normalise for a model that does not do so itself; THREADS sets the threads of each (2).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ATTACKS, createTarget, planAttack, predictions } from "../../dist/attacks/index.js";
import { mapOntoModel, openDataset, takeSample } from "../../dist/data/index.js";
import { attackDataset, datasetBatches } from "../../dist/evaluation/index.js";
import { loadClassifier } from "../../dist/models/index.js";
import { createGenerator, encodeNpz, tensor } from "../../dist/tensor/index.js";

const [path, data, count = "100", norm = "linf", name = "fmn", steps = "1000", epsilon] =
  process.argv.slice(2);
if (data === undefined)
  throw new Error(
    "name a model and data: node bench/nearest/compare.mjs model.onnx mnist:test 100 linf fmn 1000",
  );
const { PYTHON = "python3", THREADS = "2", MEAN, STD } = process.env;
const numbers = (text) => text.split(",").map(Number);
const preprocessing = MEAN === undefined ? {} : { mean: numbers(MEAN), std: numbers(STD) };
const folder = mkdtempSync(join(tmpdir(), "holdfast-nearest-"));
const random = createGenerator(0);
const classifier = await loadClassifier(path, preprocessing);
const { channels, height, width } = classifier;
const whole = await openDataset(data, { split: "test", size: { height, width }, channels });
const dataset = takeSample(mapOntoModel(path, classifier, whole).dataset, Number(count), random);
const { images } = (await datasetBatches(dataset, dataset.length).next()).value;
const [npz, json] = ["images.npz", "reference.json"].map((file) => join(folder, file));
writeFileSync(
  npz,
  encodeNpz({
    images: tensor("float32", [dataset.length, channels, height, width], images),
    labels: tensor("int32", [dataset.length], dataset.labels),
  }),
);

const target = createTarget(classifier, {
  batchSize: Math.min(100, dataset.length),
  threads: Number(THREADS),
});
const answers = predictions(await target.logits(images), dataset.length, target.classCount);
const right = Array.from(dataset.labels.keys()).filter((i) => answers[i] === dataset.labels[i]);
const attack = ATTACKS[name];
const toEnd = attack.options.stop === undefined ? {} : { stop: "end" };
const widest = norm === "linf" ? 1 : 32;
const threat = { norm, epsilon: Number(epsilon ?? widest) };
const spent = attack.options.steps === undefined ? { queries: Number(steps) } : { steps: Number(steps) };
const planned = planAttack(attack, threat, { ...spent, ...toEnd });
const started = performance.now();
const ours = { distances: {}, gradients: 0, answers: 0 };
for await (const { place, value, gradientQueries, forwardQueries } of attackDataset(
  target,
  dataset,
  planned,
  {
    random,
    places: right,
  },
)) {
  ours.distances[place] = value.success ? value.distance : Infinity;
  ours.gradients += gradientQueries;
  ours.answers += forwardQueries;
}
ours.seconds = (performance.now() - started) / 1000;
await target.dispose();
const row = (who, distances, { gradients, answers, seconds }) => {
  const found = distances.filter(Number.isFinite);
  const median = distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)];
  console.log(
    `${who.padEnd(20)} ${found.length} of ${right.length} found, median ${median.toFixed(5)}, ` +
      `${Math.round(gradients / right.length)} gradients and ${Math.round(answers / right.length)} answers an image, ${seconds.toFixed(0)} s`,
  );
};
const own = right.map((i) => ours.distances[i]);
row("holdfast", own, ours);
execFileSync(
  PYTHON,
  [
    new URL("reference.py", import.meta.url).pathname,
    path,
    npz,
    json,
    norm,
    name,
    steps,
    ...(epsilon === undefined ? [] : [epsilon]),
  ],
  { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, THREADS } },
);
for (const theirs of JSON.parse(readFileSync(json, "utf8"))) {
  const distances = right.map((i) => theirs.distances[i] ?? Infinity);
  row(theirs.who, distances, theirs);
  const share = (better) => own.filter((far, i) => better(far, distances[i])).length;
  console.log(
    `${"".padEnd(20)} ours nearer by 2 % and more on ${share((a, b) => a < 0.98 * b)}, farther on ${share((a, b) => a > 1.02 * b)}`,
  );
}
