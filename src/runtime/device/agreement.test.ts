import { describe, expect, it } from "vitest";
import { float32 } from "../../tensor/index.js";
import { disagreement } from "./agreement.js";

const numbers = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
const outputs = (
  change: (value: number, i: number) => number,
): Record<string, ReturnType<typeof float32>> => ({
  y: float32([1000], numbers.map(change)),
});
const same = outputs((value) => value);

describe("disagreement", () => {
  it("lets rounding pass, and single flips", () => {
    expect(
      disagreement(
        same,
        outputs((value) => value * (1 + 1e-5)),
        same,
      ),
    ).toBeUndefined();
    expect(
      disagreement(
        same,
        outputs((value, i) => (i < 10 ? -value : value)),
        same,
      ),
    ).toBeUndefined();
  });

  it("names the output, the share and the largest difference", () => {
    const found = outputs((value, i) => (i % 20 === 0 ? value + 0.5 : value));
    const said = disagreement(same, found, same)!;
    expect(said).toMatchObject({ output: "y", share: 0.05, allowed: 0.01 });
    expect(said.difference).toBeCloseTo(0.5, 5);
    expect(said.greatest).toBeCloseTo(1, 3);
  });

  it("does not pass what is not finite", () => {
    const found = outputs((value, i) => (i % 20 === 0 ? NaN : value));
    expect(disagreement(same, found, same)!.difference).toBe(Infinity);
    expect(disagreement(found, found, found)).toBeUndefined();
    const infinite = outputs((value, i) => (i % 20 === 0 ? Infinity : value));
    expect(disagreement(infinite, infinite, infinite)).toBeUndefined();
    expect(disagreement(infinite, same, infinite)).toBeDefined();
  });

  it("does not hold a device to what rounding alone changes on the CPU", () => {
    const noise = outputs((value, i) => (i % 20 === 0 ? -value : value));
    expect(disagreement(same, noise, same)).toBeDefined();
    expect(disagreement(same, noise, noise)).toBeUndefined();
  });
});
