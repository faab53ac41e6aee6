import { afterAll, describe, expect, it } from "vitest";
import { smallBatch, smallNetwork } from "../../test/small-network.js";
import { UsageError } from "../errors/index.js";
import type { Classifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import { attentionApgd, createTarget, planAttack, runAttack, type Target } from "./index.js";

const batch = smallBatch();
const context = { random: createGenerator(1) };
const withTaps = (classifier: Classifier): Classifier => ({
  ...classifier,
  taps: classifier.graph.nodes
    .filter(({ op }) => op === "Relu")
    .map(({ outputs }, group) => ({ name: `group-${group}`, value: outputs[0]! })),
});
const targets: Target[] = [];
const open = (classifier: Classifier): Target => {
  const target = createTarget(classifier, { batchSize: batch.size, threads: 1 });
  targets.push(target);
  return target;
};
afterAll(() => Promise.all(targets.map((target) => target.dispose())));

describe.each(["linf", "l2"] as const)("in %s", (norm) => {
  const epsilon = norm === "linf" ? 0.3 : 2;

  it("breaks an undefended network, inside the ball, for no more than its card says", async () => {
    const planned = planAttack(attentionApgd, { norm, epsilon }, { steps: 20 });
    const found = await runAttack(open(withTaps(smallNetwork())), planned, batch, context);
    expect(found.success.every((success) => success === 1)).toBe(true);
    expect(Math.max(...found.distance)).toBeLessThanOrEqual(epsilon * (1 + 1e-5));
    const most = attentionApgd.cost(planned.options as never);
    expect(found.gradientQueries).toBeLessThanOrEqual(most.gradient * batch.size);
    // The harness's two, and the clean maps.
    expect(found.forwardQueries).toBe(3 * batch.size);
  });
});

it("asks the same whatever the scale of the logits", async () => {
  const planned = planAttack(attentionApgd, { norm: "linf", epsilon: 0.1 }, { steps: 10 });
  const found = await Promise.all(
    [1e-3, 1, 1e3].map((factor) => {
      const scaled = smallNetwork({ output: (g, z) => g.op("Mul", [z, g.scalar(factor)]) });
      return runAttack(open(withTaps(scaled)), planned, batch, context);
    }),
  );
  const [small, own, great] = found.map(({ success }) => Array.from(success));
  expect(small).toEqual(own);
  expect(great).toEqual(own);
});

it("is refused by a model without attention maps", async () => {
  const planned = planAttack(attentionApgd, { norm: "linf", epsilon: 0.1 });
  await expect(runAttack(open(smallNetwork()), planned, batch, context)).rejects.toThrow(UsageError);
});
