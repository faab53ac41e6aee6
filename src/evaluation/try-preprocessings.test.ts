import { expect, test } from "vitest";
import { float32, type Tensor } from "../tensor/index.js";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import {
  isClearlyBetter,
  tryPreprocessings,
  usualPreprocessings,
  type TriedPreprocessings,
} from "./try-preprocessings.js";

type Input = NonNullable<Parameters<typeof smallNetwork>[0]>["input"];

/** Logits of the second of three classes. */
const SECOND: Tensor = float32([3], [0, 1, 0]);
const gray = usualPreprocessings({ channels: 1, height: 12 });
const tried = (input?: Input): Promise<TriedPreprocessings> =>
  tryPreprocessings(smallNetwork(input === undefined ? {} : { input }), smallDataset(), gray, { threads: 1 });

test("names the preprocessing under which a model is right", async () => {
  const expected: [string, Input][] = [
    ["0 to 1", undefined],
    ["-1 to 1", (g, x) => g.op("Add", [g.op("Mul", [x, g.scalar(0.5)]), g.scalar(0.5)])],
    ["0 to 255", (g, x) => g.op("Div", [x, g.scalar(255)])],
  ];
  for (const [name, input] of expected) {
    const { trials, isClear } = await tried(input);
    expect([trials[0]!.name, isClear]).toEqual([name, true]);
    expect(trials[0]!.correct).toBeGreaterThan(40);
  }
});

test("larger pixels only make a network surer: that is not taken for knowledge", async () => {
  const { trials, asGood } = await tried();
  const bytes = trials.find(({ name }) => name === "0 to 255")!;
  expect(bytes.correct).toBe(trials[0]!.correct);
  expect(bytes.loss).toBeCloseTo(trials[0]!.loss, 1);
  expect(asGood.map(({ name }) => name)).toContain("0 to 255");
});

test("a crop is better where nearly all images that only one is right on are its", () => {
  const labels = new Int32Array(20);
  const rightOn = (...images: number[]): number[] =>
    Array.from(labels, (_, i) => (images.includes(i) ? 0 : 1));
  expect(isClearlyBetter(rightOn(0, 1, 2, 3, 4), rightOn(), labels)).toBe(true);
  expect(isClearlyBetter(rightOn(0, 1, 2, 3), rightOn(), labels)).toBe(false);
  expect(isClearlyBetter(rightOn(0, 1, 2, 3, 4), rightOn(5), labels)).toBe(false);
  expect(isClearlyBetter(rightOn(), rightOn(0, 1, 2, 3, 4), labels)).toBe(false);
});

test("candidates that a model answers alike are both named", async () => {
  const twice = [gray[0]!, { ...gray[0]!, name: "the same" }, gray[3]!];
  const { asGood } = await tryPreprocessings(smallNetwork(), smallDataset(), twice, { threads: 1 });
  expect(asGood.map(({ name }) => name)).toContain("the same");
});

test("a model that answers the same to everything is at chance, however often that is right", async () => {
  const constant = smallNetwork({
    output: (g, z) => g.op("Add", [g.op("Mul", [z, g.scalar(0)]), g.constant(SECOND)]),
  });
  const most = new Int32Array(48).fill(1);
  most[0] = 0;
  const { trials, isClear } = await tryPreprocessings(constant, smallDataset(most), gray, { threads: 1 });
  expect(trials[0]!.correct).toBe(47);
  expect(trials[0]!.byChance).toBeCloseTo(47);
  expect(isClear).toBe(false);
});

test("for colour images the means of models with blue first are in that order", () => {
  const bgr = usualPreprocessings({ channels: 3, height: 224 }).filter(
    ({ preprocessing }) => preprocessing.channelOrder === "BGR",
  );
  expect(bgr.map(({ preprocessing }) => preprocessing.mean)).toEqual([
    [103.939 / 255, 116.779 / 255, 123.68 / 255],
    [0.406, 0.456, 0.485],
  ]);
});
