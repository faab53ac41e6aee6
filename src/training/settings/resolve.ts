import { RECIPES } from "../../defences/recipes/index.js";
import { UsageError } from "../../errors/index.js";
import { withPath } from "../../options/index.js";
import type { GivenSettings, SettingRow } from "./row.js";
import { SETTING_ROWS, USUAL_RECIPE } from "./rows.js";
import type { TrainingSettings } from "./settings.js";

/**
 * The given settings, with the defaults of their rows for all others.
 *
 * @param given what was typed, by path; options for an adversary are ignored if the recipe has none.
 * @throws UsageError naming an option that the optimiser does not have.
 */
export function resolveSettings(
  given: GivenSettings,
  known: Pick<TrainingSettings, "recipe" | "threads">,
): TrainingSettings {
  // Complete after the last row: anything that the rows omit is optional.
  let settings = { ...known, augmentation: null } as TrainingSettings;
  for (const [path, row] of SETTING_ROWS) {
    if (path === "recipe.name") continue;
    if (path.startsWith("recipe.adversary.") && known.recipe.adversary === undefined) continue;
    const typed = given[path];
    if (typed !== undefined) refuseOther(row, settings);
    const value = typed === undefined ? defaultOf(row, settings, given) : keptValue(row, typed, settings);
    if (value !== undefined) settings = setTo(settings, path, row, value);
  }
  return settings;
}

/** The setting for a typed value. */
export function keptValue({ keep }: SettingRow, typed: unknown, settings: TrainingSettings): unknown {
  return keep !== undefined && typeof typed === "number" ? keep(typed, settings) : typed;
}

function defaultOf(
  { default: standard }: SettingRow,
  settings: TrainingSettings,
  given: GivenSettings,
): unknown {
  return typeof standard === "function" ? (standard(settings, given) as unknown) : standard;
}

/** Choosing a kind sets the whole object to which the kind belongs. */
function setTo(
  settings: TrainingSettings,
  path: string,
  { variants }: SettingRow,
  value: unknown,
): TrainingSettings {
  return variants === undefined
    ? withPath(settings, path, value)
    : withPath(settings, path.replace(/\.kind$/, ""), variants[String(value)]);
}

function refuseOther({ flag, only }: SettingRow, { optimiser }: TrainingSettings): void {
  if (only === undefined || only === optimiser.kind) return;
  throw new UsageError({
    place: flag?.split(" ")[0] ?? only,
    problem: `does not apply to ${optimiser.kind}`,
    remedy: `Omit it, or choose --optimiser ${only}.`,
  });
}

const {
  recipe: _recipe,
  seed: _seed,
  threads: _threads,
  ...defaults
} = resolveSettings({}, { recipe: RECIPES[USUAL_RECIPE]!, threads: 1 });

/** Defaults that suit a small network; recipe, seed and threads are the caller's. */
export const DEFAULT_TRAINING: Omit<TrainingSettings, "recipe" | "seed" | "threads"> =
  Object.freeze(defaults);
