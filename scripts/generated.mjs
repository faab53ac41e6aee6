// Writes what is derived from tables of the source: the JSON Schemas that are published, and docs/training-options.md.
//   npm run build && node scripts/generated.mjs && npx prettier --write schemas docs/training-options.md
import { writeFileSync } from "node:fs";
import { recipeJsonSchema } from "../dist/defences/index.js";
import { configJsonSchema } from "../dist/gate/check/config-schema.js";
import { comparisonJsonSchema } from "../dist/gate/compare/comparison.js";
import { inspectionJsonSchema } from "../dist/inspection/index.js";
import { settingsJsonSchema, settingsMarkdown } from "../dist/training/index.js";

const schemas = {
  check: configJsonSchema(),
  comparison: comparisonJsonSchema(),
  inspection: inspectionJsonSchema(),
  recipe: recipeJsonSchema(),
  "training-settings": settingsJsonSchema(),
};
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(`schemas/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
}
writeFileSync("docs/training-options.md", settingsMarkdown());
