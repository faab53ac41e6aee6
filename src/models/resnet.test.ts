import { describe, expect, it } from "vitest";
import {
  allowanceOf,
  batchOf,
  BATCH_SIZE,
  CLASSES,
  rowErrors,
  sampled,
  seededClassifier,
  summaryError,
  type Form,
} from "../../test/seeded-resnet.js";
import { fixture } from "../../test/fixture.js";
import { gradient } from "../autodiff/index.js";
import { GraphBuilder, type Graph } from "../graph/index.js";
import { compile } from "../runtime/index.js";
import { bindBatch, trainForm, type Classifier } from "./index.js";

/** Mean cross-entropy and its gradient with respect to the images and every parameter. */
function gradientGraph(classifier: Classifier, form: Form): Graph {
  const bound = bindBatch(classifier, BATCH_SIZE);
  const { graph, statistics } = form === "eval" ? { graph: bound.graph, statistics: [] } : trainForm(bound);
  const g = GraphBuilder.from(graph, { keepOutputs: true });
  for (const { batchMean, batchVariance } of statistics) {
    g.output(g.value(batchMean));
    g.output(g.value(batchVariance));
  }
  const oneHot = g.input("one_hot", "float32", [BATCH_SIZE, CLASSES]);
  const logProbabilities = g.op("LogSoftmax", [g.value(classifier.logits)], { axis: 1 });
  const picked = g.op("ReduceSum", [g.op("Mul", [oneHot, logProbabilities])], { keepdims: 0 });
  const loss = g.op("Mul", [picked, g.scalar(-1 / BATCH_SIZE)], {}, { name: "loss" });
  g.output(loss);
  return gradient(g.build(), { of: loss.name, withRespectTo: [classifier.image, ...classifier.parameters] });
}

describe.each(["resnet18", "resnet50"])("%s against PyTorch in float64", (architecture) => {
  const expected = fixture(architecture);

  it.each(["eval", "train", "steady"] as const)(
    "%s form: logits, input gradient, weight gradients",
    async (form) => {
      const classifier = seededClassifier(architecture, form);
      const program = await compile(gradientGraph(classifier, form));
      const outputs = await program.run(batchOf(architecture, form));
      await program.dispose();
      const allowance = allowanceOf(expected, form, classifier.parameters);
      const logits = rowErrors(outputs[classifier.logits]!, expected(`${form}.logits`));
      expect(Math.max(...logits)).toBeLessThan(allowance.logits);
      rowErrors(sampled(outputs["image_grad"]!), expected(`${form}.image_grad`)).forEach((error, image) => {
        expect(error, `gradient of image ${image}`).toBeLessThan(allowance.gradient);
      });
      for (const name of classifier.parameters) {
        const summary = expected(`${form}.grad.${name}`);
        const error = summaryError(name, outputs[`${name}_grad`]!.data as Float32Array, summary);
        expect(error, name).toBeLessThan(allowance.gradient);
      }
    },
  );
});
