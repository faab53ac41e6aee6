import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { RECIPES } from "../../defences/index.js";
import { DEFAULT_TRAINING, resolveSettings, settingsJsonSchema, settingsMarkdown } from "../index.js";
import { findFault } from "./find-fault.js";

const known = { recipe: RECIPES["pat"]!, threads: 1 };
const settings = resolveSettings({}, known);

test("the published schema and the page are those of the rows", () => {
  // Made by scripts/generated.mjs.
  expect(JSON.parse(readFileSync("schemas/training-settings.schema.json", "utf8"))).toEqual(
    settingsJsonSchema(),
  );
  // Prettier pads the cells of the page.
  const plain = (text: string): string => text.replace(/-{3,}/g, "---").replace(/ +/g, " ");
  expect(plain(readFileSync("docs/training-options.md", "utf8"))).toBe(plain(settingsMarkdown()));
});

describe("a value that no run may have is found by the rows and by the schema alike", () => {
  const accepts = new Ajv2020({ strict: false }).compile(settingsJsonSchema());
  test.each<readonly [path: string, values: object]>([
    ["epochs", { epochs: 0 }],
    ["batchSize", { batchSize: 1.5 }],
    ["optimiser.kind", { optimiser: { kind: "sdg", weightDecay: 0 } }],
    ["optimiser.momentum", { optimiser: { kind: "sgd", weightDecay: 0, momentum: 1, nesterov: false } }],
    ["schedule.milestones", { schedule: { kind: "step", milestones: [0.5, 2], factor: 0.1 } }],
    ["augmentation.hue", { augmentation: { hue: 0.6 } }],
    ["validation.images", { validation: { ...settings.validation, images: -1 } }],
    ["seed", { seed: 2 ** 32 }],
  ])("%s", (path, values) => {
    expect([findFault(settings), accepts(settings)]).toEqual([undefined, true]);
    const wrong = { ...settings, ...values };
    expect([findFault(wrong)?.place, accepts(wrong)]).toEqual([path, false]);
  });
});

test("what is chosen decides the defaults that hang on it", () => {
  const { recipe: _, seed, threads, ...defaults } = settings;
  expect([defaults, seed, threads]).toEqual([DEFAULT_TRAINING, 0, 1]);
  const chosen = resolveSettings({ "optimiser.kind": "sgd", "recipe.adversary.steps": 10 }, known);
  expect(chosen.optimiser).toEqual({ kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 5e-4 });
  expect(chosen.learningRate).toBe(0.1);
  expect(chosen.recipe.adversary).toMatchObject({ steps: 10, relativeStepSize: 0.25 });
});

test("what another optimiser has is refused", () => {
  expect(() => resolveSettings({ "optimiser.momentum": 0.5 }, known)).toThrow(
    "--momentum: does not apply to adam\n  Omit it, or choose --optimiser sgd.",
  );
});
