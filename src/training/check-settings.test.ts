import { expect, test } from "vitest";
import { RECIPES, type Recipe } from "../defences/index.js";
import { UsageError } from "../errors/index.js";
import { checkSettings, DEFAULT_TRAINING } from "./index.js";

const check = (recipe: Recipe): void => checkSettings({ ...DEFAULT_TRAINING, recipe, seed: 0, threads: 1 });
const pat = RECIPES["pat"]!;

test.each(Object.keys(RECIPES))("%s can be trained", (name) => check(RECIPES[name]!));

/** What options and sweeps make of a recipe never was a file: it is checked here. */
test.each<readonly [what: string, recipe: Recipe, words: string]>([
  ["no loss", { ...pat, weights: { clean: 0 } }, "recipe pat, weights: must not all be 0"],
  ["no adversary", { ...pat, adversary: undefined }, "recipe pat, adversary: weights.adversarial needs"],
  ["a negative weight", { ...pat, weights: { clean: -1 } }, "loss weight clean: must be a number from 0 up"],
  ["replays of clean images", { ...pat, weights: { clean: 1 }, replays: 2 }, "recipe pat, replays: moves"],
  [
    "replays in an L2 ball",
    { ...RECIPES["free"]!, adversary: { ...pat.adversary!, norm: "l2" } },
    "recipe free, replays: moves images within an L∞ ball",
  ],
  [
    "an image larger than its frame",
    { ...pat, model: { randomResize: { smallest: 1.2, largest: 1.1, when: "test" } } },
    "recipe pat, model.randomResize.smallest: must be at least 1 and at most largest, found 1.2 and 1.1",
  ],
])("%s is refused before anything is trained", (_, recipe, words) => {
  expect(() => check(recipe)).toThrow(UsageError);
  expect(() => check(recipe)).toThrow(words);
});

test.each([2 ** 32, -1, 0.5])("a seed that the generator does not take is refused: %d", (seed) => {
  const settings = { ...DEFAULT_TRAINING, recipe: pat, threads: 1 };
  checkSettings({ ...settings, seed: 2 ** 32 - 1 });
  expect(() => checkSettings({ ...settings, seed })).toThrow(
    /seed: must be a whole number from 0 to 4294967295/,
  );
});
