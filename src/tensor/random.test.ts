import { describe, expect, test } from "vitest";
import { createGenerator, philox4x32 } from "./random.js";

describe("Philox 4×32-10", () => {
  // Known answers of its authors' library, Random123 (tests/kat_vectors).
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("counter %j, key %j", (counter, key, expected) => {
    expect([...philox4x32(counter, key)]).toEqual([...expected]);
  });
});

describe("streams", () => {
  const draws = (seed: number, name: string, first = 0, second = 0): number[] => {
    const stream = createGenerator(seed).stream(name, first, second);
    return Array.from({ length: 5 }, () => stream.uniform());
  };

  test("are functions of seed, name and counters", () => {
    expect(draws(1, "a", 2, 3)).toEqual(draws(1, "a", 2, 3));
    const others = [draws(2, "a", 2, 3), draws(1, "b", 2, 3), draws(1, "a", 3, 3), draws(1, "a", 2, 4)];
    for (const other of others) expect(other).not.toEqual(draws(1, "a", 2, 3));
  });

  test("fill an array as they would draw it one by one", () => {
    const filled = createGenerator(1).stream("x").fillUniform(new Float32Array(3000), 0, 1);
    const stream = createGenerator(1).stream("x");
    expect(Array.from(filled.slice(0, 50))).toEqual(
      Array.from({ length: 50 }, () => Math.fround(stream.uniform())),
    );
  });

  test("have the moments of their distributions, and permutations hold every index once", () => {
    const n = 200_000;
    const normal = createGenerator(3).stream("n").fillNormal(new Float32Array(n), 2);
    const mean = normal.reduce((sum, value) => sum + value, 0) / n;
    const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
    // Five standard errors.
    expect(Math.abs(mean)).toBeLessThan((5 * 2) / Math.sqrt(n));
    expect(Math.abs(variance - 4)).toBeLessThan(5 * 4 * Math.sqrt(2 / n));
    const permutation = createGenerator(3).stream("p").permutation(1000);
    expect([...permutation].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
