import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseRecipe, printRecipe, RECIPES, recipeJsonSchema } from "./index.js";

const refusal = (text: string): string => {
  try {
    parseRecipe(text, "my.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  return "read";
};

test.each(Object.keys(RECIPES))("%s is printed as a file that reads back to itself", (name) => {
  const recipe = RECIPES[name]!;
  const read = parseRecipe(printRecipe(recipe), "printed");
  const { adversary, ...rest } = read;
  const { adversary: own, ...others } = recipe;
  expect(rest).toEqual(others);
  expect(adversary === undefined).toBe(own === undefined);
  if (own === undefined) return;
  expect(adversary).toEqual({ ...own, relativeStepSize: expect.closeTo(own.relativeStepSize, 12) });
});

test("the published schema is the one that files are checked by", () => {
  // Made by scripts/recipe-schema.mjs.
  expect(JSON.parse(readFileSync("schemas/recipe.schema.json", "utf8"))).toEqual(recipeJsonSchema());
});

test("an editor that knows the schema accepts and refuses the same", () => {
  const accepts = new Ajv2020({ strict: false }).compile(recipeJsonSchema());
  for (const recipe of Object.values(RECIPES)) {
    expect(accepts(parse(printRecipe(recipe))), recipe.name).toBe(true);
  }
  for (const wrong of [
    "name: a b",
    "name: a\nweights: {atentionPairing: 1}",
    "name: a\nadversary: {epsilon: eight}",
    "name: a\nreplays: 0",
    "name: a\nextends: at-alpp",
  ]) {
    expect(accepts(parse(wrong)), wrong).toBe(false);
  }
});

test("a recipe may extend another and say what differs, fractions too", () => {
  const read = parseRecipe(
    `name: mine\nextends: at-alp\nadversary:\n  epsilon: 16/255\n  steps: 10\n  stepSize: 2/255\nweights:\n  logitPairing: 0\n  attentionPairing: 2\n`,
    "my.yaml",
  );
  expect(read.weights).toEqual({ clean: 0.5, adversarial: 0.5, attentionPairing: 2 });
  expect(read.adversary).toMatchObject({
    norm: "linf",
    epsilon: 16 / 255,
    steps: 10,
    objective: "cross-entropy",
  });
  expect(read.adversary!.relativeStepSize).toBeCloseTo(1 / 8, 12);
  expect(
    parseRecipe("{name: plain, extends: pat, adversary: null, weights: {clean: 1, adversarial: 0}}", "x"),
  ).toMatchObject({
    adversary: undefined,
    weights: { clean: 1 },
  });
});

describe("what is wrong is named by line and field, all of it at once", () => {
  const wrong = `name: mine
extends: at-alp
weights:
  logitPairing: -1
  atentionPairing: 2
adversary:
  epsilon: eight
  norm: l1
`;
  test.each([
    "line 4, column 3 weights.logitPairing:",
    "line 5, column 3 weights.atentionPairing: there is no such field; did you mean attentionPairing?",
    "line 7, column 3 adversary.epsilon: must be a number or a fraction, such as 0.03 or 8/255",
    "line 8, column 3 adversary.norm:",
  ])("%s", (words) => expect(refusal(wrong)).toContain(words));

  test.each([
    ["a file that says nothing", "", /the file/],
    ["a list", "- a\n- b", /the file/],
    ["no weights", "name: mine\n", /weights: are missing/],
    [
      "no radius",
      "name: mine\nweights: {adversarial: 1}\nadversary: {steps: 3}",
      /adversary.epsilon: is missing/,
    ],
    ["a key twice", "name: a\nname: b\n", /line 2, column 1: .*unique/],
    ["half a file", 'name: "mine\n', /line \d/],
    ["an unknown tag", "name: !!js/function 'x'\n", /line 1.*tag/i],
    ["an unknown recipe to extend", "name: a\nextends: at-alpp\n", /line 2, column 1 extends/],
    ["a name with markup", "name: <b>\nextends: pat\n", /line 1, column 1 name/],
    ["markup's prototype", "name: a\nextends: pat\n__proto__: {x: 1}\n", /__proto__: there is no such field/],
  ])("%s", (_, text, words) => expect(refusal(text)).toMatch(words));

  test("aliases that multiply", () => {
    const lines = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`);
    expect(refusal(`a0: &a0 [x]\n${lines.join("\n")}\nname: a\n`)).toMatch(/alias/i);
  });
});
