import { accepts, atPath, describeRule } from "../../options/index.js";
import type { SettingRow } from "./row.js";
import { SETTING_ROWS } from "./rows.js";

/**
 * The first setting that violates its row, apart from the recipe. A setting may be absent or null if its default is, or
 * if it belongs to only one optimiser, schedule or augmentation.
 */
export function findFault(
  settings: unknown,
): { readonly place: string; readonly problem: string } | undefined {
  for (const [path, row] of SETTING_ROWS) {
    if (path.startsWith("recipe.")) continue;
    const value = atPath(settings, path);
    if ((value === undefined || value === null) && mayBeAbsent(path, row)) continue;
    if (accepts(row.rule, value)) continue;
    return { place: path, problem: `must be ${describeRule(row.rule)}, found ${JSON.stringify(value)}` };
  }
  return undefined;
}

const NEEDED = new Set(["seed", "threads"]);

function mayBeAbsent(path: string, { default: standard }: SettingRow): boolean {
  return !NEEDED.has(path) && (standard === undefined || standard === null);
}
