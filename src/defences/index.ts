export { DEFAULT_ADVERSARY, RECIPES, TABLE_1 } from "./recipes/index.js";
export type { Recipe } from "./recipe.js";
export { findRecipe } from "./find.js";
