export { RECIPES, TABLE_1 } from "./recipes/index.js";
export type { Recipe } from "./recipe.js";
export { findRecipe } from "./find.js";
export { isRecipeFile, parseRecipe, readRecipeFile } from "./recipe-file.js";
export { printRecipe } from "./print.js";
export { recipeJsonSchema } from "./recipe-json-schema.js";
export { contradictionsIn } from "./contradictions.js";
