// AutoAttack's standard suite against the reference in PyTorch, on the same model and images:
//   PYTHON=python PYTHONPATH=auto-attack node bench/autoattack/compare.mjs model.onnx mnist:test 200 linf 0.3     after npm run build
// Prints the robust accuracy of both, what each attack broke, the images that only one of them broke, and the seconds.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataset, takeSample } from "../../dist/data/index.js";
import { datasetBatches, evaluate } from "../../dist/evaluation/index.js";
import { loadClassifier } from "../../dist/models/index.js";
import { createGenerator, encodeNpz, tensor } from "../../dist/tensor/index.js";

const [path, data, count = "200", norm = "linf", radius = "0.3"] = process.argv.slice(2);
if (data === undefined)
  throw new Error(
    "name a model and data: node bench/autoattack/compare.mjs model.onnx mnist:test 200 linf 0.3",
  );
const { PYTHON = "python3", SUITE = "standard", REFERENCE } = process.env;
const [above, below = 1] = radius.split("/").map(Number);
const epsilon = above / below;
const classifier = await loadClassifier(path);
const { channels, height, width } = classifier;
const whole = await openDataset(data, { split: "test", size: { height, width }, channels });
const dataset = takeSample(whole, Number(count), createGenerator(0));
const { images } = (await datasetBatches(dataset, dataset.length).next()).value;
const folder = mkdtempSync(join(tmpdir(), "holdfast-autoattack-"));
const arrays = {
  images: tensor("float32", [dataset.length, channels, height, width], images),
  labels: tensor("int32", [dataset.length], dataset.labels),
};
const [npz, json] = ["images.npz", "reference.json"].map((name) => join(folder, name));
writeFileSync(npz, encodeNpz(arrays));

const started = performance.now();
const options = { norm, epsilons: [epsilon], attack: SUITE, examples: 0, batchSize: 100, threads: 2 };
const { measurements } = await evaluate([{ name: "model", classifier }], dataset, options);
const seconds = (performance.now() - started) / 1000;
const ours = measurements.find(({ kind }) => kind === "white-box");
const stages = ours.stages.map(
  ({ attack, images: n, broken, seconds: taken }) => `${attack} ${broken} of ${n} (${taken.toFixed(0)} s)`,
);
console.log(`holdfast  ${ours.correct} of ${ours.n} stand, ${seconds.toFixed(0)} s: ${stages.join(", ")}`);
if (REFERENCE !== "no") {
  execFileSync(
    PYTHON,
    [new URL("reference.py", import.meta.url).pathname, path, npz, json, norm, String(epsilon)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const theirs = JSON.parse(readFileSync(json, "utf8"));
  const parts = theirs.stages.map(
    ({ attack, images: n, broken, seconds: taken }) => `${attack} ${broken} of ${n} (${taken.toFixed(0)} s)`,
  );
  console.log(
    `reference ${theirs.robust} of ${theirs.n} stand, ${theirs.seconds.toFixed(0)} s: ${parts.join(", ")}`,
  );
  const { label, adversarialPrediction } = ours.perImage;
  const differing = label.flatMap((each, i) =>
    (adversarialPrediction[i] === each) === theirs.standing[i] ? [] : [i],
  );
  console.log(`broken by one of them only: ${differing.length} (${differing.join(", ")})`);
}
