export { alp, at, atAlp, DEFAULT_ADVERSARY, pat, RECIPES, undefended } from "./recipes.js";
export type { Recipe } from "./recipe.js";
export { findRecipe } from "./find.js";
