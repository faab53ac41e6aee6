import { afterAll, describe, expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { followed, smallTarget, subjectAt } from "../../test/followed.js";
import { SMALL_CLASSES as CLASSES, SMALL_SIZE as SIZE, smallBatch } from "../../test/small-network.js";
import { createGenerator, type RandomStream } from "../tensor/index.js";
import { apgd, fab, BALL_NORMS, planAttack, targetedFab, type Subject } from "./index.js";

/** The reference AutoAttack in L1, and its untargeted FAB, on the same network (scripts/fixtures/auto_attack_l1.py). */
const expected = fixture("autoattack-l1");
const threat = { norm: "l1", epsilon: 2 } as const;
const AREA = SIZE * SIZE;
/** Of the reference's questions every third is kept. */
const THIRD = 3;
const { labels, size } = smallBatch();
const target = smallTarget();
afterAll(() => target.dispose());

function imageOf(name: string, call: number, i: number): Float32Array {
  const { data, shape } = expected(name);
  const at = call * shape[1]! + i;
  return (data as Float32Array).slice(at * AREA, (at + 1) * AREA);
}

/** Draws that are the reference's. */
function drawing(noise: Float32Array): RandomStream {
  const stream = createGenerator(0).stream("unused");
  return { ...stream, fillNormal: (out) => (out.set(noise), out) };
}

describe("APGD in L1", () => {
  it.each([
    ["apgd", "constant", "ce", "cross-entropy"],
    ["apgd", "constant", "dlr", "dlr"],
    ["shrinking", "shrinking", "ce", "cross-entropy"],
    ["shrinking", "shrinking", "dlr", "dlr"],
  ] as const)(
    "%s (%s) on %s asks about the reference's images, until it succeeds",
    async (name, radii, short, loss) => {
      const theirs = `${name}.${short}`;
      const [calls, count] = expected(theirs).shape as [number, number];
      let [compared, apart] = [0, 0];
      for (const [i, place] of Array.from(expected("places").data as Int32Array).entries()) {
        const own = await subjectAt(target, place, threat);
        const subject: Subject =
          radii === "constant"
            ? { ...own, ball: { ...own.ball, edge: () => imageOf(theirs, 0, i) } }
            : { ...own, stream: () => drawing(imageOf(`noise.${short}`, 0, i)) };
        const planned = planAttack(apgd, threat, { steps: 50, loss, radii });
        const { asked } = await followed(target, planned, subject);
        for (let call = 0; call * THIRD < asked.length; call++) {
          const reference = imageOf(theirs, call, i);
          const far = asked[call * THIRD]!.filter(
            (value, k) => Math.abs(value - reference[k]!) > 1e-4,
          ).length;
          if (far > 0.02 * AREA) apart++;
          compared++;
        }
        expect(asked.length).toBeLessThanOrEqual(calls * THIRD);
      }
      expect(compared).toBeGreaterThan((calls * count) / 2);
      // Two elements of one size but for float32's rounding change places at the end of a step's share, for a few steps.
      expect(apart).toBeLessThanOrEqual(0.08 * compared);
    },
  );
});

/** Distances of what FAB finds in an empty ball, which nothing ends early; infinite where it finds nothing. */
async function distancesOf(norm: (typeof BALL_NORMS)[number], order: number): Promise<Map<number, number>> {
  const empty = { norm, epsilon: 0 };
  const planned = planAttack(order === 0 ? fab : targetedFab, empty, { steps: 20 });
  const found = new Map<number, number>();
  for (let place = 0; place < size; place++) {
    const subject = await subjectAt(target, place, empty);
    const { cleanLogits } = subject;
    const ranked = Array.from({ length: CLASSES }, (_, k) => k).sort(
      (a, b) => cleanLogits[b]! - cleanLogits[a]!,
    );
    if (ranked[0] !== labels[place]) continue;
    const aim = ranked[order - 1];
    // Towards one class, but any other than the label counts, as in the reference.
    const aimed = { ...subject, cleanLogits: cleanLogits.map((z, k) => (k === aim ? z + 1e6 : z)) };
    const options = { ...planned.options, ...(order > 0 && { targets: 1 }) };
    const answer = await followed(target, { ...planned, options }, order === 0 ? subject : aimed);
    const distance = subject.ball.distance(answer.found);
    found.set(place, distance === 0 ? Infinity : distance);
  }
  return found;
}

it.each([...BALL_NORMS.map((norm) => [norm, 0] as const), ["l1", 2] as const, ["l1", 3] as const])(
  "FAB in %s towards %s (0: the nearest class) finds images as near as the reference's",
  async (norm, order) => {
    const theirs = expected(`fab.${norm}.${order}`).data as Float32Array;
    const ours = await distancesOf(norm, order);
    expect(ours.size).toBeGreaterThan(size / 2);
    const ratios = Array.from(ours, ([place, distance]) =>
      theirs[place] === Infinity ? Number(distance === Infinity) : distance / theirs[place]!,
    );
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(1e-4);
  },
);
