import { expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { batchOf, BATCH_SIZE, seededClassifier, summaryError } from "../../test/seeded-resnet.js";
import { findRecipe } from "../defences/index.js";
import { compile } from "../runtime/index.js";
import { float32, tensor, type Tensor } from "../tensor/index.js";
import { UPDATE, updateGraph } from "./index.js";

/** PyTorch float64 (scripts/fixtures/resnet.py): ResNet-18 in train form, mean of CE + ‖∇ₓ CE‖². */
const expected = fixture("igr");
const number = (key: string): number => (expected(key).data as Float64Array)[0]!;

/**
 * In ONNX Runtime, the graph that training compiles. After one step from zero the momentum is the gradient itself,
 * which the difference of two float32 weights is not.
 */
it("IGR's gradient of a ResNet-18 is no further from float64 than PyTorch's float32", async () => {
  const classifier = seededClassifier("resnet18", "train");
  const { graph, state } = updateGraph(classifier, {
    batchSize: BATCH_SIZE,
    weights: findRecipe("igr").weights,
    optimiser: { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 },
    decayAll: true,
    ema: false,
  });
  const before = (name: string): Tensor =>
    classifier.graph.initializers.get(name) ?? tensor("float32", graph.values.get(name)!.shape);
  const program = await compile(graph);
  const outputs = await program.run({
    ...Object.fromEntries(state.map((name) => [name, before(name)])),
    ...batchOf("resnet18", "train"),
    [UPDATE.learningRate]: float32([], [0.1]),
  });
  await program.dispose();

  // Without it the case would not be of the second order: the penalty is most of the loss.
  const penalty = outputs[UPDATE.term("inputGradient")]!.data[0] as number;
  expect(penalty / number("penalty")).toBeCloseTo(1, 5);
  expect(penalty / number("loss")).toBeGreaterThan(0.9);
  // PyTorch's worst parameter of several batches: which rounding is the unluckiest is chance.
  const allowance = number("spread");
  for (const name of classifier.parameters) {
    const gradient = outputs[UPDATE.next(UPDATE.state("momentum", name))]!.data as Float32Array;
    const error = summaryError(name, gradient, expected(`grad.${name}`));
    expect(error, name).toBeLessThanOrEqual(allowance);
  }
});
