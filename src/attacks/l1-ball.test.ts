import { expect, it } from "vitest";
import { fixture } from "../../test/fixture.js";
import { createGenerator, l1Distance } from "../tensor/index.js";
import { ballAround } from "./ball.js";
import { movedCount, projectOntoL1, sparseStep, withinBox } from "./l1-ball.js";

const random = createGenerator(3);

/** The λ of the projection by halving alone, in an interval that holds it. */
function slowly(point: Float32Array, centre: Float32Array, epsilon: number): number[] {
  const at = (threshold: number): number[] =>
    Array.from(point, (p, i) => {
      const far = p - centre[i]!;
      const room = far > 0 ? 1 - centre[i]! : centre[i]!;
      return Math.sign(far) * Math.min(Math.max(Math.abs(far) - threshold, 0), room);
    });
  const size = (delta: readonly number[]): number => delta.reduce((sum, value) => sum + Math.abs(value), 0);
  let [low, high] = [0, 1e3];
  if (size(at(0)) <= epsilon) return at(0);
  for (let k = 0; k < 200; k++) {
    const middle = (low + high) / 2;
    if (size(at(middle)) > epsilon) low = middle;
    else high = middle;
  }
  return at(high);
}

it("projects onto the ball and the box at once: no allowed point is nearer", () => {
  for (let trial = 0; trial < 300; trial++) {
    const source = random.stream("projection", trial);
    const size = 1 + source.integer(60);
    const centre = source.fillUniform(new Float32Array(size), 0, 1);
    for (let i = 0; i < size; i += 3) centre[i] = Math.round(centre[i]!);
    const spread = 10 ** (-3 + source.integer(5));
    const point = source.fillNormal(new Float32Array(size), spread).map((value, i) => value + centre[i]!);
    const epsilon = [0, 1e-3, 0.3, 2, 12, 1e3][trial % 6]!;
    const to = projectOntoL1(point.slice(), centre, epsilon);
    expect(Math.min(...to)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...to)).toBeLessThanOrEqual(1);
    expect(l1Distance(to, centre, 0, size)).toBeLessThanOrEqual(epsilon);
    slowly(point, centre, epsilon).forEach((delta, i) => {
      expect(Math.abs(to[i]! - centre[i]! - delta), `trial ${trial}, ${i}`).toBeLessThan(2e-7);
    });
    // ⟨p − z, a − z⟩ ≤ 0 for every allowed a: z is the nearest of a convex set.
    for (let k = 0; k < 20; k++) {
      const allowed = ballAround({ norm: "l1", epsilon }, centre).sample(source);
      const along = allowed.reduce((sum, a, i) => sum + (point[i]! - to[i]!) * (a - to[i]!), 0);
      expect(along).toBeLessThan(1e-5 * size * Math.max(1, spread));
    }
    // What is allowed stays as it is.
    expect([...projectOntoL1(to.slice(), centre, epsilon)]).toEqual([...to]);
  }
});

it("projects as the reference does in float64", () => {
  const expected = fixture("autoattack-l1");
  const [points, centres, projected] = ["points", "centres", "projected"].map(
    (name) => expected(`projection.${name}`).data as Float32Array,
  );
  for (let row = 0; row < 6; row++) {
    const of = (all: Float32Array): Float32Array => all.slice(row * 20, (row + 1) * 20);
    const to = projectOntoL1(of(points!), of(centres!), 1.5);
    of(projected!).forEach((value, i) => expect(Math.abs(value - to[i]!)).toBeLessThan(2e-7));
  }
});

it("projects a large image in a blink", () => {
  const size = 3 * 224 * 224;
  const source = random.stream("large");
  const centre = source.fillUniform(new Float32Array(size), 0, 1);
  const point = source.fillNormal(new Float32Array(size), 1);
  const to = projectOntoL1(point, centre, 60);
  const distance = l1Distance(to, centre, 0, size);
  // Rounded towards the centre, element by element.
  expect(distance).toBeLessThanOrEqual(60);
  expect(distance).toBeGreaterThan(60 - 1e-3);
});

it("draws inside the ball: samples at every radius, edges at its end", () => {
  const centre = random.stream("centre").fillUniform(new Float32Array(200), 0, 1);
  const ball = ballAround({ norm: "l1", epsilon: 5 }, centre);
  const radii = Array.from({ length: 50 }, (_, k) => ball.distance(ball.sample(random.stream("sample", k))));
  expect(Math.max(...radii)).toBeLessThanOrEqual(5);
  expect(Math.min(...radii)).toBeLessThan(1);
  for (let k = 0; k < 20; k++) expect(ball.distance(ball.edge(random.stream("edge", k)))).toBeCloseTo(5, 4);
});

it("steps along the signs of the greatest share of the gradient, by its length in all", () => {
  const gradient = Float32Array.of(0.1, -4, 3, 0, -2, 0.2, 0, 1, 0, 0);
  const step = (share: number): number[] => [...sparseStep(new Float32Array(10), gradient, 6, share)];
  expect(step(0)).toEqual([0, -6, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(step(0.3)).toEqual([0, -2, 2, 0, -2, 0, 0, 0, 0, 0]);
  // Where all that is left is 0, what has a slope moves.
  expect(step(1)).toEqual([1, -1, 1, 0, -1, 1, 0, 1, 0, 0]);
  expect([...sparseStep(Float32Array.of(0.5), Float32Array.of(0), 1, 1)]).toEqual([0.5]);
});

it("leaves out what would leave the box", () => {
  expect([...withinBox(Float32Array.of(0, 0, 1, 1, 0.5), Float32Array.of(-1, 2, 3, -4, 5))]).toEqual([
    0, 2, 0, -4, 5,
  ]);
  expect(movedCount(Float32Array.of(0, 1, 0.5), Float32Array.of(0, 0.5, 0.5))).toBe(1);
});
