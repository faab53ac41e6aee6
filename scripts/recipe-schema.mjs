// Writes schemas/recipe.schema.json from the schema that recipe files are checked by.
//   npm run build && node scripts/recipe-schema.mjs
import { writeFileSync } from "node:fs";
import { recipeJsonSchema } from "../dist/defences/index.js";

writeFileSync("schemas/recipe.schema.json", `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
