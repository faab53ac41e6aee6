// Writes schemas/inspection.schema.json from the schema of what `holdfast inspect --json` writes.
//   npm run build && node scripts/inspection-schema.mjs
import { writeFileSync } from "node:fs";
import { inspectionJsonSchema } from "../dist/inspection/index.js";

writeFileSync("schemas/inspection.schema.json", `${JSON.stringify(inspectionJsonSchema(), null, 2)}\n`);
