import { afterAll, describe, expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { smallTarget } from "../../test/followed.js";
import { SMALL_SIZE, smallBatch, smallNetwork } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import {
  ATTACKS,
  createTarget,
  pgd,
  PGD_OBJECTIVES,
  pgdTrajectory,
  planAttack,
  runAttack,
  type AttackBatch,
  type GivenOptions,
  type PlannedAttack,
  type AnyAttack,
} from "./index.js";

/** torchattacks' MI-FGSM and PGD on other losses, in float64 (scripts/fixtures/momentum.py). */
const expected = fixture("momentum");
const SHOWN = 12;
const AREA = SMALL_SIZE ** 2;
const whole = smallBatch();
const batch: AttackBatch = {
  images: whole.images.slice(0, SHOWN * AREA),
  labels: whole.labels.slice(0, SHOWN),
  indices: whole.indices.slice(0, SHOWN),
  size: SHOWN,
};
const random = createGenerator(1);
const target = smallTarget();
afterAll(() => target.dispose());
const FIXED = { steps: 15, randomStart: false, keep: "last" } as const;

describe("PGD beside float64", () => {
  it.each<[string, "linf" | "l2", GivenOptions<typeof pgd.options>]>([
    ["mifgsm", "linf", { objective: "cross-entropy", momentum: 1 }],
    ["linf.margin", "linf", { objective: "margin" }],
    ["linf.probability-margin", "linf", { objective: "probability-margin" }],
    ["linf.dlr", "linf", { objective: "dlr" }],
    ["l2.momentum", "l2", { objective: "cross-entropy", momentum: 0.7 }],
  ])("%s comes to the same images", async (name, norm, options) => {
    const threat = norm === "linf" ? { norm, epsilon: 0.15 } : { norm, epsilon: 1 };
    const stepSize = norm === "linf" ? 0.02 : 0.2;
    const planned = planAttack(pgd, threat, { ...FIXED, stepSize, ...options });
    const { adversarial } = await runAttack(target, planned, batch, { random });
    const theirs = expected(name).data as Float32Array;
    const apart = adversarial.filter((value, i) => Math.abs(value - theirs[i]!) > 1e-4).length;
    // A sum of gradients near 0 has either sign.
    expect(apart).toBeLessThanOrEqual(0.01 * theirs.length);
  });

  it("reaches a class by every loss, with momentum", async () => {
    const aims = Int32Array.from(batch.labels, (label) => (label + 1) % 3);
    for (const objective of PGD_OBJECTIVES) {
      const planned = planAttack(pgd, { norm: "linf", epsilon: 0.2 }, { objective, momentum: 0.5 });
      const { success } = await runAttack(target, planned, { ...batch, targets: aims }, { random });
      const reached = success.reduce((sum, one) => sum + one, 0);
      expect(reached, objective).toBeGreaterThan(SHOWN / 2);
    }
  });
});

it("without momentum, by the loss of default, asks for a graph's step as before", async () => {
  const of = (given: GivenOptions<typeof pgd.options>): PlannedAttack =>
    planAttack(pgd, { norm: "linf", epsilon: 0.1 }, { ...FIXED, ...given });
  const [said, unsaid, some] = await Promise.all(
    [{ momentum: 0 }, {}, { momentum: 1 }].map((given) => runAttack(target, of(given), batch, { random })),
  );
  expect(said!.adversarial).toEqual(unsaid!.adversarial);
  expect(some!.adversarial).not.toEqual(unsaid!.adversarial);
  expect(() => of({ momentum: -1 })).toThrow("momentum: must be a number of at least 0, found -1");
});

describe("in L1", () => {
  const names = ["pgd", "apgd", "apgd-t", "fab-t", "fab", "square", "square-apgd"] as const;
  it.each(names)("%s has the same answers whatever the batch, inside the ball and the box", async (name) => {
    const attack = ATTACKS[name];
    const few = { steps: 10, queries: 100, targets: 2 };
    const options = Object.fromEntries(Object.entries(few).filter(([key]) => key in attack.options));
    const planned = planAttack(attack as unknown as AnyAttack, { norm: "l1", epsilon: 6 }, options as never);
    const [at12, at5] = await Promise.all(
      [SHOWN, 5].map(async (batchSize) => {
        const own = createTarget(smallNetwork(), { batchSize, threads: 1 });
        const found = await runAttack(own, planned, batch, { random });
        await own.dispose();
        return found;
      }),
    );
    expect(at5!.success).toEqual(at12!.success);
    expect(Math.max(...at12!.distance)).toBeLessThanOrEqual(6);
    expect(at12!.adversarial.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(at12!.success.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
  });

  it("FGSM is refused, and a trajectory", async () => {
    const threat = { norm: "l1", epsilon: 3 } as const;
    const steps = { stepSize: 1, randomStart: false, captures: [1] };
    await expect(pgdTrajectory(target, batch, threat, steps, { random })).rejects.toThrow(/norm: .*for l1/);
    expect(() => planAttack(ATTACKS.fgsm, { norm: "l1", epsilon: 3 })).toThrow(
      "does not support the norm l1",
    );
  });
});
