import { describe, expect, it } from "vitest";
import { fixture } from "../../../test/fixture.js";
import {
  allowanceOf,
  batchOf,
  BATCH_SIZE,
  seededClassifier,
  summaryError,
} from "../../../test/seeded-resnet.js";
import { compile } from "../../runtime/index.js";
import { float32, tensor, type Tensor } from "../../tensor/index.js";
import { updateGraph } from "../update-graph.js";
import { UPDATE } from "../update-names.js";

/** The same step as `SGD` of scripts/fixtures/resnet.py. */
const LEARNING_RATE = 0.1;
const optimiser = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 5e-4 } as const;
const weights = { clean: 1, adversarial: 0, logitPairing: 0, attentionPairing: 0 };

describe.each(["resnet18", "resnet50"])("%s: one SGD step", (architecture) => {
  it("changes weights and running statistics as PyTorch in float64 does", async () => {
    const classifier = seededClassifier(architecture, "train");
    const { graph, state } = updateGraph(classifier, {
      batchSize: BATCH_SIZE,
      weights,
      optimiser,
      decayAll: true,
      ema: false,
    });
    const before = (name: string): Tensor => {
      const found = classifier.graph.initializers.get(name);
      return found ?? tensor("float32", graph.values.get(name)!.shape as number[]);
    };
    const program = await compile(graph);
    const outputs = await program.run({
      ...Object.fromEntries(state.map((name) => [name, before(name)])),
      ...batchOf(architecture, "train"),
      [UPDATE.learningRate]: float32([], [LEARNING_RATE]),
    });
    await program.dispose();
    const expected = fixture(architecture);
    const allowance = allowanceOf(expected, "train", classifier.parameters);
    for (const name of [...classifier.parameters, ...classifier.buffers]) {
      const after = outputs[UPDATE.next(name)]!.data as Float32Array;
      const start = before(name).data as Float32Array;
      // `Float64Array.from` with a function takes seconds for these millions.
      const change = Float64Array.from(after);
      for (let i = 0; i < change.length; i++) change[i]! -= start[i]!;
      const error = summaryError(name, change, expected(`train.step.${name}`));
      expect(error, name).toBeLessThan(allowance.gradient);
    }
  });
});
