import { describe, expect, test } from "vitest";
import { createGenerator } from "../tensor/index.js";
import { ballAround, roundedInside, roundedOutwards, type Norm } from "./index.js";

const random = createGenerator(4);
const SIZE = 300;
const drawn = (name: string): Float32Array => random.stream(name).fillUniform(new Float32Array(SIZE), 0, 1);
const isLevel = (value: number): boolean => Math.abs(255 * value - Math.round(255 * value)) < 1e-4;

describe.each<[Norm, number]>([
  ["linf", 8 / 255],
  ["linf", 2.4 / 255],
  ["l2", 0.5],
  ["l1", 6],
])("an image of the ball %s, ε %f", (norm, epsilon) => {
  const threat = { norm, epsilon };

  test.each(["of 8 bits", "of any numbers"])("around a clean one %s is rounded inside it", (kind) => {
    const clean = drawn("clean").map((value) =>
      kind === "of 8 bits" ? Math.round(255 * value) / 255 : value,
    );
    const ball = ballAround(threat, clean);
    const image = ball.edge(random.stream("edge"));
    const rounded = roundedInside(image, clean, threat);
    expect(rounded.every(isLevel)).toBe(true);
    expect(ball.distance(rounded)).toBeLessThanOrEqual(epsilon * (1 + 1e-5));
    // Nothing was given up that could be kept: it is most of the way there.
    expect(ball.distance(rounded)).toBeGreaterThan(0.7 * ball.distance(image));
  });
});

test("rounded outwards, each pixel goes on as it went, as far as the ball reaches", () => {
  const clean = new Float32Array([100, 100, 100, 100, 255]).map((level) => level / 255);
  const threat = { norm: "linf", epsilon: 2 / 255 } as const;
  const image = new Float32Array([100.2, 99.7, 101.6, 100, 254.1]).map((level) => level / 255);
  const levels = (values: Float32Array): number[] => Array.from(values, (value) => Math.round(255 * value));
  expect(levels(roundedInside(image, clean, threat))).toEqual([100, 100, 102, 100, 254]);
  expect(levels(roundedOutwards(image, clean, threat))).toEqual([101, 99, 102, 100, 254]);
});

test("where no level lies in the ball a pixel keeps the clean one's nearest", () => {
  const clean = Float32Array.of(100.5 / 255);
  expect(255 * roundedInside(clean, clean, { norm: "linf", epsilon: 0.1 / 255 })[0]!).toBeCloseTo(101, 3);
});
