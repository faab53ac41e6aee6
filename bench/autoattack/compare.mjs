// AutoAttack's standard suite against the reference in PyTorch, on the same model and images:
//   PYTHON=python PYTHONPATH=auto-attack node bench/autoattack/compare.mjs model.onnx mnist:test 200 linf 0.3     after npm run build
// A ResNet by its name, with a size, has random weights, and labels that are its own answers: for the time alone.
//   … node bench/autoattack/compare.mjs resnet18 flowers:test 24 linf 0.25/255 32
// SEED sets the seed of both (0): what they draw differs anyway, so several seeds show how far apart two runs may lie.
// Prints the robust accuracy of both, what each attack broke, the images that only one of them broke, and the seconds.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTarget, predictions } from "../../dist/attacks/index.js";
import { openDataset, takeSample } from "../../dist/data/index.js";
import { datasetBatches, evaluate } from "../../dist/evaluation/index.js";
import { createClassifier, loadClassifier, saveClassifier } from "../../dist/models/index.js";
import { createGenerator, encodeNpz, tensor } from "../../dist/tensor/index.js";

const [path, data, count = "200", norm = "linf", radius = "0.3", size = "32"] = process.argv.slice(2);
if (data === undefined)
  throw new Error(
    "name a model and data: node bench/autoattack/compare.mjs model.onnx mnist:test 200 linf 0.3",
  );
const { PYTHON = "python3", SUITE = "standard", REFERENCE, THREADS = "2", SEED = "0" } = process.env;
const threads = Number(THREADS);
const seed = Number(SEED);
const [above, below = 1] = radius.split("/").map(Number);
const epsilon = above / below;
const folder = mkdtempSync(join(tmpdir(), "holdfast-autoattack-"));
const random = createGenerator(0);
const isOwn = !path.endsWith(".onnx");
const classNames = Array.from({ length: 10 }, (_, k) => String(k));
const classifier = isOwn
  ? createClassifier(path, { channels: 3, height: Number(size), width: Number(size), classNames, random })
  : await loadClassifier(path);
const file = isOwn ? join(folder, "model.onnx") : path;
if (isOwn) await saveClassifier(classifier, file);
const { channels, height, width } = classifier;
const whole = await openDataset(data, { split: "test", size: { height, width }, channels });
const sample = takeSample(whole, Number(count), random);
const dataset = isOwn ? { ...sample, classNames, labels: await answersOf(sample) } : sample;
const { images } = (await datasetBatches(dataset, dataset.length).next()).value;
const arrays = {
  images: tensor("float32", [dataset.length, channels, height, width], images),
  labels: tensor("int32", [dataset.length], dataset.labels),
};
const [npz, json] = ["images.npz", "reference.json"].map((name) => join(folder, name));
writeFileSync(npz, encodeNpz(arrays));

const started = performance.now();
// `standard` is compared as it is; other suites are what `evaluate` makes of them, with its checks.
const checks = SUITE !== "standard";
const options = {
  norm,
  epsilons: [epsilon],
  attack: SUITE,
  examples: 0,
  batchSize: 100,
  threads,
  seed,
  checks,
};
const { measurements, checks: checked } = await evaluate([{ name: "model", classifier }], dataset, options);
const seconds = (performance.now() - started) / 1000;
const ours = measurements.find(({ kind }) => kind === "white-box");
const stages = ours.stages.map(
  ({ attack, images: n, broken, seconds: taken }) => `${attack} ${broken} of ${n} (${taken.toFixed(0)} s)`,
);
const spent = `${(ours.queries.gradient / ours.n).toFixed(0)} gradients and ${(ours.queries.forward / ours.n).toFixed(0)} answers an image`;
const fallen = new Set(checked.flatMap(({ further = [] }) => further.flatMap(({ found }) => found.index)));
const after = checks ? `, ${ours.correct - fallen.size} after the checks` : "";
const memory = (kilobytes) => `${(kilobytes / 2 ** 20).toFixed(2)} GiB at most`;
console.log(
  `holdfast  ${ours.correct} of ${ours.n} stand${after}, ${seconds.toFixed(0)} s, ${spent}, ${memory(process.resourceUsage().maxRSS)}: ${stages.join(", ")}`,
);
if (REFERENCE !== "no") {
  execFileSync(
    PYTHON,
    [new URL("reference.py", import.meta.url).pathname, file, npz, json, norm, String(epsilon)],
    { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, THREADS, SEED } },
  );
  const theirs = JSON.parse(readFileSync(json, "utf8"));
  const parts = theirs.stages.map(
    ({ attack, images: n, broken, seconds: taken }) => `${attack} ${broken} of ${n} (${taken.toFixed(0)} s)`,
  );
  console.log(
    `reference ${theirs.robust} of ${theirs.n} stand, ${theirs.seconds.toFixed(0)} s, ${memory(theirs.kilobytes)}: ${parts.join(", ")}`,
  );
  const { label, adversarialPrediction } = ours.perImage;
  const differing = label.flatMap((each, i) =>
    (adversarialPrediction[i] === each) === theirs.standing[i] ? [] : [i],
  );
  console.log(`broken by one of them only: ${differing.length} (${differing.join(", ")})`);
}

/** What the classifier says of the images. */
async function answersOf(images) {
  const target = createTarget(classifier, { batchSize: images.length, threads });
  const batch = (await datasetBatches(images, images.length).next()).value;
  const answers = predictions(await target.logits(batch.images), batch.size, target.classCount);
  await target.dispose();
  return answers;
}
