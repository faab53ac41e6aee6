import { afterAll, expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { smallTarget } from "../../test/followed.js";
import { SMALL_SIZE, smallBatch } from "../../test/small-network.js";
import { createGenerator } from "../tensor/index.js";
import { ATTACKS, planAttack, runAttack, type AnyAttack, type Norm } from "./index.js";

/** ART's attacks on the same network, on its first images (scripts/fixtures/toolbox.py). */
const expected = fixture("toolbox");
const size = expected("l2.cw").data.length;
const { images, labels } = smallBatch();
const batch = {
  images: images.subarray(0, size * SMALL_SIZE ** 2),
  labels: labels.subarray(0, size),
  indices: Uint32Array.from({ length: size }, (_, i) => i),
  size,
};
const target = smallTarget();
afterAll(() => target.dispose());

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const isFound = (distance: number): boolean => distance < Infinity;

/** `most`: the largest allowed ratio of our median distance to that of ART; none for Square, whose distances are all about ε. */
type Row = [name: keyof typeof ATTACKS, norm: Norm, epsilon: number, options: object, most: number];
const ROWS: Row[] = [
  ["cw", "l2", 12, { steps: 100, stop: "end" }, 1],
  // ART does not overshoot.
  ["deepfool", "l2", 12, { overshoot: 1 }, 1.002],
  ["deepfool", "l2", 12, {}, 1.022],
  ["hop-skip-jump", "linf", 1, { queries: 2000, stop: "end" }, 1],
  ["hop-skip-jump", "l2", 12, { queries: 2000, stop: "end" }, 1],
  ["square", "linf", 0.2, { queries: 1000 }, Infinity],
  ["square", "l2", 1.3, { queries: 1000 }, Infinity],
];

it.each(ROWS)(
  "%s in %s finds as many as ART, as near, in fewer passes",
  async (name, norm, epsilon, options, most) => {
    const planned = planAttack(ATTACKS[name] as never as AnyAttack, { norm, epsilon }, options as never);
    const found = await runAttack(target, planned, batch, { random: createGenerator(1) });
    const theirs = [...(expected(`${norm}.${name}`).data as Float32Array)];
    const ours = [...found.distance].map((far, i) => (found.success[i] === 1 ? far : Infinity));
    const passes = (found.gradientQueries + found.forwardQueries) / size;
    expect(ours.filter(isFound).length).toBeGreaterThanOrEqual(theirs.filter(isFound).length);
    if (most < Infinity) expect(median(ours)).toBeLessThan(most * median(theirs));
    expect(passes).toBeLessThan((expected(`${norm}.${name}.passes`).data as Float32Array)[0]!);
  },
  30_000,
);
