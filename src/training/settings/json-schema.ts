import { ruleJsonSchema } from "../../options/index.js";
import type { SettingRow } from "./row.js";
import { SETTING_ROWS } from "./rows.js";

type Schema = Record<string, unknown>;

/** Settings that older runs, or most runs, do not have. */
const OPTIONAL: ReadonlySet<string> = new Set(["trunkLearningRate", "memory", "device"]);

/** JSON Schema (draft 2020-12) of `settings` in a run's `config.json`; its recipe is described by `recipe.schema.json`. */
export function settingsJsonSchema(): Schema {
  const properties: Schema = { recipe: { type: "object", required: ["name", "weights"] } };
  for (const [path, row] of SETTING_ROWS) {
    if (!path.startsWith("recipe.")) place(properties, path.split("."), schemaOf(row));
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "settings of a training run",
    type: "object",
    properties,
    required: Object.keys(properties).filter((name) => !OPTIONAL.has(name)),
    additionalProperties: false,
  };
}

function schemaOf({ rule, help, default: standard }: SettingRow): Schema {
  const schema = ruleJsonSchema(rule);
  const said = typeof standard === "function" || standard === undefined ? {} : { default: standard };
  return {
    description: help,
    ...(standard === null ? { anyOf: [schema, { type: "null" }] } : schema),
    ...said,
  };
}

/** Creates objects on the way; augmentation may be null. */
function place(properties: Schema, [key, ...rest]: readonly string[], schema: Schema): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    properties[key] = schema;
    return;
  }
  const inner = (properties[key] ??= {
    type: key === "augmentation" ? ["object", "null"] : "object",
    properties: {},
    additionalProperties: false,
  }) as { readonly properties: Schema };
  place(inner.properties, rest, schema);
}
