import { suggestName, UsageError } from "../errors/index.js";
import type { Recipe } from "./recipe.js";
import { RECIPES } from "./recipes/index.js";

/**
 * The recipe of that name.
 *
 * @throws UsageError that suggests the nearest name.
 */
export function findRecipe(name: string): Recipe {
  const recipe = Object.hasOwn(RECIPES, name) ? RECIPES[name] : undefined;
  if (recipe !== undefined) return recipe;
  throw new UsageError({
    place: `recipe "${name}"`,
    problem: "is not known",
    remedy: suggestName(name, Object.keys(RECIPES)),
  });
}
