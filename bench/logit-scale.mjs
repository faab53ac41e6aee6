// How many images stand under PGD when a model's logits are multiplied, with each objective:
//   node bench/logit-scale.mjs runs/demo/undefended/model.onnx 0.1        after npm run build and npm run demo
//   IMAGES=40 STEPS=10 OUTPUTS=0,217,482,566 MEAN=0.498 STD=0.502 node bench/logit-scale.mjs model.onnx 0.5/255 imagenet/val
// OUTPUTS names the model's output of each class of the data; MEAN and STD are of all channels.
import { createTarget, PGD_OBJECTIVES, pgd, planAttack, runAttack } from "../dist/attacks/index.js";
import { openDataset, takeSample } from "../dist/data/index.js";
import { datasetBatches } from "../dist/evaluation/index.js";
import { GraphBuilder } from "../dist/graph/index.js";
import { loadClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const [path, radius, data = "mnist:test"] = process.argv.slice(2);
if (radius === undefined)
  throw new Error("name a model and a radius: node bench/logit-scale.mjs model.onnx 0.1");
const { IMAGES = 300, STEPS = 40, OUTPUTS, MEAN, STD } = process.env;
const outputs = OUTPUTS?.split(",").map(Number);
const all = (value) => [Number(value), Number(value), Number(value)];
const classifier = await loadClassifier(path, MEAN === undefined ? {} : { mean: all(MEAN), std: all(STD) });
const { channels, height, width } = classifier;
const random = createGenerator(0);
const whole = await openDataset(data, { split: "test", size: { height, width }, channels, whole: true });
const dataset = takeSample(whole, Number(IMAGES), random);
const [above, below = 1] = radius.split("/").map(Number);

function scaledBy(factor) {
  const g = GraphBuilder.from(classifier.graph);
  const logits = g.op("Mul", [g.value(classifier.logits), g.scalar(factor)], {}, { name: "scaled_logits" });
  g.output(logits);
  return { ...classifier, graph: g.build(), logits: logits.name };
}

for (const objective of PGD_OBJECTIVES) {
  for (const factor of [1e-4, 1, 100, 1e4]) {
    const target = createTarget(scaledBy(factor), { batchSize: Math.min(100, dataset.length), threads: 2 });
    let standing = 0;
    for await (const batch of datasetBatches(dataset, target.batchSize)) {
      const labels = outputs === undefined ? batch.labels : batch.labels.map((label) => outputs[label]);
      const threat = { norm: "linf", epsilon: above / below };
      const options = { steps: Number(STEPS), objective };
      const { success } = await runAttack(
        target,
        planAttack(pgd, threat, options),
        { ...batch, labels },
        { random },
      );
      standing += success.filter((each) => each === 0).length;
    }
    console.log(`${objective}, logits × ${factor}: ${standing} of ${dataset.length} images stand`);
    await target.dispose();
  }
}
