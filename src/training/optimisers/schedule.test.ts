import { describe, expect, it } from "vitest";
import { fixture } from "../../../test/fixture.js";
import { linearWarmup, scheduleFactor, SCHEDULES } from "../schedule.js";

/** PyTorch's MultiStepLR, CosineAnnealingLR, OneCycleLR and LinearLR: scripts/fixtures/optimisers.py. */
const expected = fixture("optimisers");

describe.each([10, 97])("schedules over %i steps", (total) => {
  const agrees = (name: string, factor: (step: number) => number): void => {
    const torch = expected(`schedule.${name}.${total}`).data as Float64Array;
    expect(torch).toHaveLength(total);
    torch.forEach((value, step) => expect(factor(step), `step ${step}`).toBeCloseTo(value, 12));
  };

  it.each(["step", "cosine", "one-cycle"] as const)("%s is PyTorch's", (name) => {
    agrees(name, (step) => scheduleFactor(SCHEDULES[name], step, total));
  });

  it("warm-up is PyTorch's", () => agrees("warmup", (step) => linearWarmup(step, 5)));
});

it.each([0, 0.1, 0.3, 1])("one-cycle with a warm-up of %d is defined for any number of steps", (warmup) => {
  for (let total = 1; total <= 20; total++) {
    for (let step = 0; step < total; step++) {
      const factor = scheduleFactor({ kind: "one-cycle", warmup, divide: 25, finalDivide: 1e4 }, step, total);
      expect(factor, `step ${step} of ${total}`).toBeGreaterThan(0);
      expect(factor, `step ${step} of ${total}`).toBeLessThanOrEqual(1);
    }
  }
});
