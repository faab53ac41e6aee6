import { afterAll, describe, expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { followed, smallTarget, subjectAt } from "../../test/followed.js";
import { SMALL_CLASSES as CLASSES, SMALL_SIZE as SIZE, smallBatch } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import {
  apgd,
  costOf,
  fab,
  BALL_NORMS,
  pgd,
  planAttack,
  runAttack,
  square,
  targetedApgd,
  targetedFab,
  type AnyAttack,
} from "./index.js";

/** The reference AutoAttack on the same network (scripts/fixtures/auto_attack.py). */
const expected = fixture("autoattack");
const EPSILON = { linf: 0.1, l2: 0.6, l1: 4 } as const;
const STEPS = 20;
const AREA = SIZE * SIZE;
const batch = smallBatch();
const { labels, size } = batch;
const random = createGenerator(1);
const target = smallTarget();
afterAll(() => target.dispose());

describe.each(["linf", "l2"] as const)("the reference in %s", (norm) => {
  const threat = { norm, epsilon: EPSILON[norm] };

  it.each([
    ["ce", "cross-entropy"],
    ["dlr", "dlr"],
  ] as const)("APGD on %s asks about the reference's images, until it succeeds", async (name, loss) => {
    const { data, shape } = expected(`${norm}.${name}`);
    const [calls, count] = shape as [number, number];
    const theirs = (step: number, i: number): Float32Array =>
      (data as Float32Array).subarray((step * count + i) * AREA, (step * count + i + 1) * AREA);
    const places = expected("places").data as Int32Array;
    expect(calls).toBe(STEPS + 1);
    let [compared, apart] = [0, 0];
    for (const [i, place] of Array.from(places).entries()) {
      const subject = await subjectAt(target, place, threat);
      const ball = { ...subject.ball, edge: () => theirs(0, i).slice() };
      const planned = planAttack(apgd, threat, { steps: STEPS, loss });
      const { asked } = await followed(target, planned, { ...subject, ball });
      for (const [step, x] of asked.entries()) {
        const far = x.filter((value, k) => Math.abs(value - theirs(step, i)[k]!) > 1e-4).length;
        if (far > 0.02 * AREA) apart++;
        compared++;
      }
    }
    // Not all end at once.
    expect(compared).toBeGreaterThan(3 * count);
    // Two losses that are equal to float32 in one form of cross-entropy and not in the other halve a step or do not.
    expect(apart).toBeLessThanOrEqual(0.02 * compared);
  });

  it("FAB-T finds images as near as the reference's", async () => {
    const order = (cleanLogits: Float32Array): number[] =>
      Array.from({ length: CLASSES }, (_, k) => k).sort((a, b) => cleanLogits[b]! - cleanLogits[a]!);
    // An empty ball: nothing ends it early.
    const planned = planAttack(targetedFab, { norm, epsilon: 0 }, { steps: STEPS });
    for (const rank of [1, 2]) {
      const theirs = expected(`${norm}.fab.${rank + 1}`).data as Float32Array;
      for (let place = 0; place < size; place++) {
        const subject = await subjectAt(target, place, { norm, epsilon: 0 });
        const ranked = order(subject.cleanLogits);
        if (ranked[0] !== labels[place]) continue;
        // Towards one class, but any other than the label counts, as in the reference.
        const one = {
          ...subject,
          cleanLogits: subject.cleanLogits.map((z, k) => (k === ranked[rank] ? z + 1e6 : z)),
        };
        const { found } = await followed(
          target,
          { ...planned, options: { ...planned.options, targets: 1 } },
          one,
        );
        const distance = subject.ball.distance(found);
        const ours = distance === 0 ? Infinity : distance;
        if (theirs[place] === Infinity) expect(ours).toBe(Infinity);
        else expect(Math.abs(ours / theirs[place]! - 1), `image ${place}, rank ${rank}`).toBeLessThan(0.01);
      }
    }
  });
});

describe.each(BALL_NORMS)("in %s", (norm) => {
  const threat = { norm, epsilon: EPSILON[norm] };

  it.each<[string, AnyAttack, { steps?: number; queries?: number }]>([
    ["APGD", apgd as never, { steps: STEPS }],
    ["APGD-T", targetedApgd as never, { steps: STEPS }],
    ["FAB-T", targetedFab as never, { steps: STEPS }],
    ["FAB", fab as never, { steps: STEPS }],
    ["Square", square as never, { queries: 50 }],
  ])(
    "%s spends what its card says at most, and on images that stand at least half",
    async (_, attack, options) => {
      const targets = attack.options["targets"] === undefined ? {} : { targets: 2 };
      const planned = planAttack(attack, { norm, epsilon: 1e-4 }, { ...options, ...targets } as never);
      const { gradientQueries, forwardQueries, success } = await runAttack(target, planned, batch, {
        random,
      });
      const { gradient, forward } = costOf(planned);
      const standing = success.filter((one) => one === 0).length;
      // The harness asks twice more of each image.
      const spent = [gradientQueries, forwardQueries - 2 * size] as const;
      expect(spent[0]).toBeLessThanOrEqual(size * gradient);
      expect(spent[1]).toBeLessThanOrEqual(size * forward);
      expect(spent[0]).toBeGreaterThanOrEqual((standing * gradient) / 2);
      expect(spent[1]).toBeGreaterThanOrEqual((standing * forward) / 2);
    },
  );

  it.each<[string, AnyAttack, object]>([
    ["APGD-T", targetedApgd as never, { steps: 20 }],
    ["APGD", apgd as never, { steps: 20, restarts: 3 }],
    ["PGD", pgd as never, {}],
    ["FAB-T", targetedFab as never, { steps: 20 }],
    ["FAB", fab as never, { steps: 20 }],
    ["Square", square as never, { queries: 300 }],
  ])("%s breaks what stands, within the ball, and no more in a smaller one", async (_, attack, options) => {
    const broken: number[] = [];
    for (const epsilon of [threat.epsilon / 4, threat.epsilon, 3 * threat.epsilon]) {
      const planned = planAttack(attack, { norm, epsilon }, options as never);
      const { success, distance, adversarial } = await runAttack(target, planned, batch, { random });
      broken.push(success.reduce((sum, one) => sum + one, 0));
      expect(Math.max(...distance)).toBeLessThanOrEqual(epsilon + 1e-6);
      expect(adversarial.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    expect(broken).toEqual(broken.toSorted((a, b) => a - b));
    expect(broken[0]).toBeLessThan(size / 2);
    expect(broken[2]).toBeGreaterThan(0.5 * size);
  });
});
