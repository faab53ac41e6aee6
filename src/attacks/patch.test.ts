import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { smallTarget } from "../../test/followed.js";
import { SMALL_SIZE, smallBatch } from "../../test/small-network.js";
import { UsageError } from "../errors/index.js";
import { createGenerator } from "../tensor/index.js";
import { ballAround, patch, pgd, planAttack, roundedInside, runAttack } from "./index.js";

/** Masked PGD in PyTorch, float64 (scripts/fixtures/patch.py): which images fall to a patch of a side in the middle. */
const expected = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../test/fixtures/patch.json", import.meta.url)), "utf8"),
) as { steps: number; restarts: number; broken: Record<string, number[]> };
const AREA = SMALL_SIZE * SMALL_SIZE;
const batch = smallBatch();
const target = smallTarget();
const random = createGenerator(1);
afterAll(() => target.dispose());

/** Pixels of image `i` that differ from the clean one, bit by bit. */
function changed(adversarial: Float32Array, i: number): { readonly x: number; readonly y: number }[] {
  return Array.from({ length: AREA }, (_, at) => at)
    .filter((at) => adversarial[i * AREA + at] !== batch.images[i * AREA + at])
    .map((at) => ({ x: at % SMALL_SIZE, y: Math.floor(at / SMALL_SIZE) }));
}

describe("a patch in the centre", () => {
  test.each(Object.entries(expected.broken))(
    "of side %s breaks what PyTorch's does",
    async (text, theirs) => {
      const side = Number(text);
      const { steps, restarts } = expected;
      const threat = { norm: "patch", epsilon: side ** 2 / AREA } as const;
      const planned = planAttack(patch, threat, { steps, restarts, location: "centre", loss: "margin" });
      const { success, adversarial, distance } = await runAttack(target, planned, batch, { random });
      const missed = theirs.flatMap((fell, i) => (fell === 1 && success[i] === 0 ? [i] : []));
      const more = theirs.flatMap((fell, i) => (fell === 0 && success[i] === 1 ? [i] : []));
      // Equal steps from other random pixels: an image may fall in one and not in the other.
      expect(missed.length).toBeLessThanOrEqual(1);
      expect(more.length).toBeLessThanOrEqual(0.1 * batch.size);
      const first = Math.floor((SMALL_SIZE - side) / 2);
      for (let i = 0; i < batch.size; i++) {
        for (const { x, y } of changed(adversarial, i)) {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(first);
          expect(Math.max(x, y)).toBeLessThan(first + side);
        }
        expect(distance[i]).toBeLessThanOrEqual(threat.epsilon + 1e-7);
      }
    },
  );
});

test("a patch at random stays in one square and in [0, 1], and finds more than one that cannot move", async () => {
  const side = 4;
  const threat = { norm: "patch", epsilon: side ** 2 / AREA } as const;
  const found = { random: 0, corner: 0 };
  for (const location of ["random", "corner"] as const) {
    const planned = planAttack(patch, threat, { location, steps: 30, restarts: 6 });
    const { success, adversarial } = await runAttack(target, planned, batch, { random });
    found[location] = success.reduce((sum, each) => sum + each, 0);
    for (let i = 0; i < batch.size; i++) {
      const places = changed(adversarial, i);
      for (const axis of ["x", "y"] as const) {
        const along = places.map((place) => place[axis]);
        expect(Math.max(...along) - Math.min(...along)).toBeLessThan(side);
        if (location === "corner") expect(Math.max(...along)).toBeLessThan(side);
      }
    }
    expect(adversarial.every((value) => value >= 0 && value <= 1)).toBe(true);
  }
  expect(found.random).toBeGreaterThan(found.corner);
});

test("a patch of less than a pixel is refused: it would leave every image as it is", async () => {
  const run = (epsilon: number): Promise<unknown> =>
    runAttack(target, planAttack(patch, { norm: "patch", epsilon }, { steps: 1, restarts: 1 }), batch, {
      random,
    });
  await expect(run(0.9 / AREA)).rejects.toThrow("is less than one pixel");
  await expect(run(1 / AREA)).resolves.toBeDefined();
});

test("a targeted patch reaches the class", async () => {
  const targets = batch.labels.map((label) => (label + 1) % 3);
  const planned = planAttack(patch, { norm: "patch", epsilon: 0.25 }, { steps: 40 });
  const { success, adversarialPrediction } = await runAttack(
    target,
    planned,
    { ...batch, targets },
    { random },
  );
  expect(success.some((each) => each === 1)).toBe(true);
  success.forEach((each, i) => expect(each === 1).toBe(adversarialPrediction[i] === targets[i]));
});

test("other attacks know no patch, and a patch no other norm", () => {
  expect(() => planAttack(pgd, { norm: "patch", epsilon: 0.1 })).toThrow(UsageError);
  expect(() => planAttack(patch, { norm: "linf", epsilon: 0.1 })).toThrow(UsageError);
  expect(() => planAttack(patch, { norm: "patch", epsilon: 1.5 })).toThrow("share of the image");
});

describe("the ball of patches", () => {
  const shape = [3, 7, 9] as const;
  const source = createGenerator(5).stream("centre");
  const clean = source.fillUniform(new Float32Array(3 * 7 * 9), 0, 1);
  const covered = (point: Float32Array): number => {
    const places = Array.from(point.keys()).filter((at) => point[at] !== clean[at]);
    if (places.length === 0) return 0;
    const spread = (of: (at: number) => number): number => {
      const along = places.map(of);
      return Math.max(...along) - Math.min(...along) + 1;
    };
    return (
      Math.max(
        spread((at) => at % 9),
        spread((at) => Math.floor(at / 9) % 7),
      ) **
        2 /
      63
    );
  };

  test("projects into one square, changes nothing twice, and measures what it covers", () => {
    for (let seed = 0; seed < 60; seed++) {
      const draws = createGenerator(seed).stream("point");
      const share = seed === 0 ? 0 : draws.uniform();
      const moved = draws.uniform();
      const ball = ballAround({ norm: "patch", epsilon: share }, clean, shape);
      const point = clean.map((value) => (draws.uniform() < moved ? value + 4 * draws.uniform() - 2 : value));
      const projected = ball.project(point.slice());
      expect(covered(projected)).toBeLessThanOrEqual(share + 1e-9);
      expect(ball.distance(projected)).toBeCloseTo(covered(projected), 12);
      expect(projected.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(ball.project(projected.slice())).toEqual(projected);
      for (const drawn of [ball.sample(draws), ball.edge(draws)]) {
        expect(covered(drawn)).toBeLessThanOrEqual(share + 1e-9);
        expect(ball.project(drawn.slice())).toEqual(drawn);
      }
    }
  });

  test("keeps the square with the most change", () => {
    const ball = ballAround({ norm: "patch", epsilon: 4 / 63 }, clean, shape);
    const point = clean.slice();
    for (const at of [0, 1, 9, 10]) point[at] = clean[at]! > 0.5 ? clean[at]! - 0.1 : clean[at]! + 0.1;
    for (const at of [40, 41, 49, 50]) point[at] = clean[at]! > 0.5 ? 0 : 1;
    const projected = ball.project(point.slice());
    expect(Array.from(projected.keys()).filter((at) => projected[at] !== clean[at])).toEqual([
      40, 41, 49, 50,
    ]);
  });

  test("rounds only what was changed", () => {
    const point = clean.slice();
    point[5] = 0.1234;
    const rounded = roundedInside(point, clean, { norm: "patch", epsilon: 0.1 });
    expect(rounded[5]).toBeCloseTo(31 / 255, 6);
    rounded.forEach((value, at) => at !== 5 && expect(value).toBe(clean[at]));
  });
});
