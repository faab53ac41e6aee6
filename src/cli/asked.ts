/** Options typed with `--resume` must match those of the run. */
import { resolve } from "node:path";
import { UsageError } from "../errors/index.js";
import type { Recipe } from "../defences/index.js";
import type { TrainingSettings } from "../training/index.js";
import { SETTING_ROWS } from "../training/settings/index.js";
import { givenSettings } from "./setting-options.js";
import type { CommonOptions } from "./shared-options.js";
import type { TrainOptions } from "./training-options.js";
import { recipeNamed } from "./training-settings.js";

/** Path of an option in a run's `config.json`, and its value there. */
interface Field {
  readonly path: string;
  readonly value?: (typed: unknown) => unknown;
}

/** By option. Training settings are in `SETTINGS`. */
const FIELDS: Readonly<Record<Exclude<keyof TrainOptions, keyof CommonOptions | "resume" | "out">, Field>> = {
  data: { path: "data" },
  limit: { path: "limit" },
  size: { path: "dataOptions.size" },
  channels: { path: "dataOptions.channels" },
  classes: { path: "dataOptions.classes" },
  flowersSplit: { path: "dataOptions.flowersSplit" },
  skipUnreadable: { path: "dataOptions.skipUnreadable" },
  validationData: { path: "validationData" },
  model: { path: "model" },
  mean: { path: "imported.options.mean" },
  std: { path: "imported.options.std" },
  pixelRange: { path: "imported.options.range" },
  layout: { path: "imported.options.layout" },
  channelOrder: { path: "imported.options.channelOrder", value: (order) => String(order).toUpperCase() },
  output: { path: "imported.options.output" },
  straightThrough: { path: "imported.options.straightThrough" },
  taps: { path: "imported.options.taps" },
  head: { path: "imported.newHead", value: (choice) => choice === "new" },
  init: { path: "initial.sha256", value: sha256OfWeights },
  freezeTrunk: { path: "settings.trunkLearningRate", value: () => 0 },
};

async function sha256OfWeights(source: unknown): Promise<string> {
  const { weightsFileOf } = await import("../training/index.js");
  const { readFileChecked, sha256Of } = await import("../files/index.js");
  return sha256Of(await readFileChecked(await weightsFileOf(String(source))));
}

/**
 * Options typed with `--resume`, as paths into the run's configuration with the values required there.
 *
 * @param typed the options typed, without defaults.
 */
export async function askedOf(typed: Partial<TrainOptions>, run: string): Promise<Record<string, unknown>> {
  if (typed.out !== undefined && resolve(typed.out) !== resolve(run)) {
    throw new UsageError({
      place: "--out",
      problem: `names a different folder from --resume ${run}; a resumed run stays in its folder`,
      remedy: "Omit --out to resume that run, or omit --resume to start a new one.",
    });
  }
  return { ...(await askedFields(typed)), ...(await askedSettings(typed, run)) };
}

async function askedFields(typed: Partial<TrainOptions>): Promise<Record<string, unknown>> {
  const fields = Object.entries(FIELDS).map(async ([name, { path, value }]) => {
    const given = typed[name as keyof typeof FIELDS];
    return given === undefined ? [] : [[path, value === undefined ? given : await value(given)]];
  });
  return Object.fromEntries((await Promise.all(fields)).flat()) as Record<string, unknown>;
}

async function askedSettings(typed: Partial<TrainOptions>, run: string): Promise<Record<string, unknown>> {
  const { keptValue, readRunConfig } = await import("../training/index.js");
  const { settings } = await readRunConfig(run);
  const asked = new Map<string, unknown>();
  const given = givenSettings(typed);
  const { "recipe.name": recipe, ...others } = given;
  if (recipe !== undefined) await askRecipe(asked, String(recipe), settings);
  for (const [path, row] of SETTING_ROWS) {
    if (path in others) asked.set(`settings.${path}`, keptValue(row, given[path], settings));
  }
  return Object.fromEntries(asked);
}

const SETTABLE = new Set<string>(SETTING_ROWS.map(([path]) => path).filter((path) => path !== "recipe.name"));
const PROSE = new Set(["title", "description", "source"]);

/** For a recipe file, all of the recipe; for a built-in recipe, what no option could have changed. */
async function askRecipe(
  asked: Map<string, unknown>,
  name: string,
  { recipe: begun }: TrainingSettings,
): Promise<void> {
  const { recipe, isFile } = await recipeNamed(name);
  asked.set("settings.recipe.name", recipe.name);
  if (recipe.name !== begun.name) return;
  const wanted = leavesOf(recipe);
  for (const path of new Set([...wanted.keys(), ...leavesOf(begun).keys()])) {
    if (PROSE.has(path) || (!isFile && SETTABLE.has(`recipe.${path}`))) continue;
    asked.set(`settings.recipe.${path}`, wanted.get(path));
  }
}

/** `weights.clean` → 1, … */
function leavesOf(recipe: Recipe): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, path: string): void => {
    if (value !== null && typeof value === "object") {
      for (const [key, inner] of Object.entries(value)) visit(inner, path === "" ? key : `${path}.${key}`);
    } else if (value !== undefined) leaves.set(path, value);
  };
  visit(recipe, "");
  return leaves;
}
