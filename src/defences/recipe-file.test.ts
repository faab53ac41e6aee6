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
  // Made by scripts/generated.mjs.
  expect(JSON.parse(readFileSync("schemas/recipe.schema.json", "utf8"))).toEqual(recipeJsonSchema());
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
    "line 7, column 3 adversary.epsilon: must be a number or a fraction above 0, such as 0.03 or 8/255",
    "line 8, column 3 adversary.norm:",
  ])("%s", (words) => expect(refusal(wrong)).toContain(words));

  test.each([
    ["an empty file", "", /^my\.yaml: is empty\n/],
    ["a file of comments alone", "# mine\n", /^my\.yaml: is empty\n/],
    ["a list", "- a\n- b", /the file/],
    ["no weights", "name: mine\n", /line 1, column 1 weights: are missing/],
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

/** Reader and JSON Schema are held to the same rows: `editor` is what an editor that knows the schema says. */
interface Row {
  readonly what: string;
  readonly text: string;
  /** Place and field that the reader names. */
  readonly words: string;
  readonly editor: "refuses" | "cannot tell";
}
const WHOLE = "name: a\nweights: {adversarial: 1}\n";
const resize = (smallest: number | string, largest: number | string): string =>
  `name: a\nextends: randomization\nmodel:\n  randomResize:\n    smallest: ${smallest}\n    largest: ${largest}\n    when: test\n`;
const ROWS: readonly Row[] = [
  {
    what: "a name of two words",
    text: "name: a b\nextends: pat",
    words: "line 1, column 1 name:",
    editor: "refuses",
  },
  {
    what: "no such term",
    text: "name: a\nextends: pat\nweights: {atentionPairing: 1}",
    words: "weights.atentionPairing:",
    editor: "refuses",
  },
  {
    what: "a number in words",
    text: "name: a\nextends: pat\nadversary: {epsilon: eight}",
    words: "adversary.epsilon: must be a number or a fraction above 0, such as 0.03 or 8/255",
    editor: "refuses",
  },
  {
    what: "no number at all",
    text: "name: a\nextends: pat\nadversary: {epsilon: true}",
    words: "adversary.epsilon: must be a number or a fraction above 0",
    editor: "refuses",
  },
  {
    what: "no replays",
    text: "name: a\nextends: free\nreplays: 0",
    words: "line 3, column 1 replays:",
    editor: "refuses",
  },
  {
    what: "no such recipe",
    text: "name: a\nextends: at-alpp",
    words: "line 2, column 1 extends:",
    editor: "refuses",
  },
  {
    what: "a negative weight",
    text: "name: a\nextends: pat\nweights: {clean: -1}",
    words: "weights.clean:",
    editor: "refuses",
  },
  { what: "no weights", text: "name: a\nweights: {}", words: "line 2, column 1 weights:", editor: "refuses" },
  {
    what: "weights of 0",
    text: "name: a\nweights: {clean: 0, adversarial: 0/3}",
    words: "line 2, column 1 weights: must not all be 0",
    editor: "refuses",
  },
  {
    what: "weights of 0 in place of the recipe's",
    text: "name: a\nextends: pat\nweights:\n  clean: 0\n  adversarial: 0",
    words: "line 3, column 1 weights: must not all be 0",
    editor: "cannot tell",
  },
  {
    what: "adversarial images of no adversary",
    text: `${WHOLE}adversary: null`,
    words: "line 3, column 1 adversary: weights.adversarial needs adversarial images",
    editor: "refuses",
  },
  {
    what: "adversarial images without a word of an adversary",
    text: WHOLE,
    words: "line 2, column 11 weights.adversarial: weights.adversarial needs adversarial images",
    editor: "refuses",
  },
  {
    what: "a recipe without its adversary",
    text: "name: a\nextends: at-alp\nadversary: null",
    words: "line 3, column 1 adversary: weights.adversarial needs adversarial images",
    editor: "cannot tell",
  },
  {
    what: "an adversary without a radius where the recipe has none",
    text: "name: a\nextends: undefended\nweights: {adversarial: 1}\nadversary:\n  steps: 3",
    words: "line 4, column 1 adversary.epsilon: is missing",
    editor: "refuses",
  },
  {
    what: "a radius in gray levels",
    text: "name: a\nextends: pat\nadversary:\n  epsilon: 8",
    words:
      "line 4, column 3 adversary.epsilon: must be at most 1 with the norm linf, because pixels are in [0, 1], found 8; for 8 of 255 gray levels write 8/255",
    editor: "refuses",
  },
  {
    what: "a radius of nothing",
    text: "name: a\nextends: pat\nadversary: {epsilon: 0/255}",
    words: "adversary.epsilon: must be a number or a fraction above 0",
    editor: "refuses",
  },
  {
    what: "a fraction of nothing",
    text: "name: a\nextends: pat\nadversary: {epsilon: 8/0}",
    words: "adversary.epsilon: must be a number or a fraction above 0",
    editor: "refuses",
  },
  {
    what: "a radius above 1 as a fraction",
    text: "name: a\nextends: pat\nadversary:\n  epsilon: 300/255",
    words: "line 4, column 3 adversary.epsilon: must be at most 1",
    editor: "cannot tell",
  },
  {
    what: "an image that is made smaller",
    text: resize(0.9, 1.1),
    words: "line 5, column 5 model.randomResize.smallest:",
    editor: "refuses",
  },
  {
    what: "a frame smaller than the image",
    text: resize(1, 0.5),
    words: "line 6, column 5 model.randomResize.largest:",
    editor: "refuses",
  },
  {
    what: "an image that is made smaller, as a fraction",
    text: resize("299/310", 1.1),
    words: "line 5, column 5 model.randomResize.smallest:",
    editor: "cannot tell",
  },
  {
    what: "an image larger than its frame",
    text: resize(1.2, 1.1),
    words:
      "line 5, column 5 model.randomResize.smallest: must be at least 1 and at most largest, found 1.2 and 1.1",
    editor: "cannot tell",
  },
  {
    what: "replayed images that do not move",
    text: "name: a\nextends: free\nweights: {clean: 1, adversarial: 0}",
    words: "line 3, column 1 weights:",
    editor: "cannot tell",
  },
  {
    what: "replays of clean images",
    text: "name: a\nextends: pat\nweights: {clean: 0.5}\nreplays: 4",
    words: "line 4, column 1 replays:",
    editor: "refuses",
  },
  {
    what: "replays in another ball",
    text: `${WHOLE}adversary: {norm: l2, epsilon: 2}\nreplays: 4`,
    words: "line 4, column 1 replays: moves images within an L∞ ball",
    editor: "refuses",
  },
  {
    what: "an aim that δ cannot move",
    text: "name: a\nweights: {clean: 1}\nadversary: {epsilon: 8/255, objective: total}",
    words: "line 3, column 29 adversary.objective: total is the whole loss",
    editor: "refuses",
  },
];

describe("the reader and an editor that knows the schema", () => {
  const accepts = new Ajv2020({ strict: false }).compile(recipeJsonSchema());

  test.each(ROWS)("$what", ({ text, words, editor }) => {
    expect(refusal(text)).toContain(words);
    expect(accepts(parse(text))).toBe(editor === "cannot tell");
  });

  test.each<readonly [what: string, text: string]>([
    ...Object.values(RECIPES).map((recipe) => [recipe.name, printRecipe(recipe)] as const),
    ["nothing but a name and a recipe", "name: a\nextends: at-alp"],
    ["no weights of its own", "name: a\nextends: pat\nweights: {}"],
    ["clean images alone", "name: a\nweights: {clean: 1}"],
    ["a large ball of another norm", `${WHOLE}adversary: {norm: l2, epsilon: 8}`],
    ["the whole range", "name: a\nextends: pat\nadversary: {epsilon: 1}"],
    ["a frame of the image's own size", resize(1, 1)],
    [
      "a recipe without its adversary and its terms",
      "name: a\nextends: trades\nadversary: null\nweights: {klDivergence: 0}",
    ],
    ["no adversary, and none to extend", "name: a\nextends: undefended\nadversary: null"],
  ])("both accept %s", (_, text) => {
    expect(refusal(text)).toBe("read");
    expect(accepts(parse(text)), JSON.stringify(accepts.errors)).toBe(true);
  });

  test("every built-in ball is L∞, which the schema takes for granted where a file names no norm", () => {
    for (const { adversary } of Object.values(RECIPES)) expect(adversary?.norm ?? "linf").toBe("linf");
  });
});
