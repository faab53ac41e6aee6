import { describe, expect, test } from "vitest";
import { validatesBetter } from "./state.js";
import { catastrophicOverfitting, createWatch, DivergedError } from "./watch.js";

const constant = Float32Array.from([0, 1, 0, 2, 0, 3]);
const varied = Float32Array.from([0, 1, 2, 1, 0, 3]);

describe("the watch", () => {
  test("says once that every answer has been one class for some time, and again after it recovered", () => {
    const watch = createWatch(["cat", "dog"]);
    const said = (logits: Float32Array, steps: number): string[] =>
      Array.from({ length: steps }, (_, step) => watch.observe(step, 1, logits)).filter(
        (s) => s !== undefined,
      );
    expect(said(constant, 49)).toEqual([]);
    expect(said(constant, 100)).toEqual([expect.stringContaining('"dog" for every image')]);
    expect(said(varied, 100)).toEqual([]);
    expect(said(constant, 60).length).toBe(1);
  });

  test("says once that the adversary had no gradient for a part of the batch", () => {
    const watch = createWatch(["cat", "dog"]);
    const said = [0, 0.05, 0.25, 1].map((share) => watch.observeAdversary(share));
    expect(said).toEqual([undefined, undefined, expect.stringContaining("zero for 25.0 %"), undefined]);
  });

  test.each([NaN, Infinity])("ends a training whose loss is %d", (loss) => {
    expect(() => createWatch(["a", "b"]).observe(7, loss, varied)).toThrow(DivergedError);
    expect(() => createWatch(["a", "b"]).observe(7, loss, varied)).toThrow(/step 7.*--learning-rate/s);
  });
});

test("the best weights are the most robust; clean accuracy and then the later step decide ties", () => {
  const record = (robust: number | null, clean: number) => ({ step: 1, images: 10, clean, robust });
  expect(validatesBetter(record(0.5, 0.8), undefined)).toBe(true);
  expect(validatesBetter(record(0.5, 0.8), record(0.4, 0.9))).toBe(true);
  expect(validatesBetter(record(0.4, 0.95), record(0.5, 0.9))).toBe(false);
  expect(validatesBetter(record(0.5, 0.9), record(0.5, 0.8))).toBe(true);
  expect(validatesBetter(record(0.5, 0.8), record(0.5, 0.8))).toBe(true);
  expect(validatesBetter(record(null, 0.8), record(null, 0.9))).toBe(false);
});

describe("catastrophic overfitting", () => {
  const record = (clean: number, robust: number | null) => ({ step: 1, images: 100, clean, robust });
  const best = record(0.8, 0.4);

  test("is said with both accuracies", () => {
    expect(catastrophicOverfitting(record(0.85, 0.01), best)).toMatch(
      /^accuracy under attack fell from 40\.0 % to 1\.0 % while clean accuracy rose: catastrophic overfitting/,
    );
  });

  test.each([
    ["just below half of the best", record(0.8, 0.199), best, true],
    ["half of the best", record(0.8, 0.2), best, false],
    ["better than the best", record(0.9, 0.5), best, false],
    ["clean accuracy fell too: a collapse of another kind", record(0.79, 0.01), best, false],
    ["a best that says nothing", record(0.8, 0), record(0.8, 0.09), false],
    ["the least best that says something", record(0.8, 0), record(0.8, 0.1), true],
    ["nothing to compare with", record(0.8, 0), undefined, false],
    ["no attack", record(0.9, null), record(0.8, null), false],
    ["no attack any more", record(0.9, null), best, false],
  ])("%s", (_, now, before, said) => {
    expect(catastrophicOverfitting(now, before) !== undefined).toBe(said);
  });
});
