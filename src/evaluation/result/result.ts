/**
 * The result of an evaluation: everything that a report, a merge or another tool may know. Plain JSON;
 * each file in this room has the types of one part and the matching validators.
 *
 * Rules that the types cannot express, checked by {@link parseResult}: names of models and ids of
 * measurements are unique, every reference has its target, `accuracy` is `correct / n` and lies
 * in its interval, the arrays of `perImage` have length `n`, and a raster has the bytes of its shape.
 */
import { z } from "zod";
import { InputError } from "../../errors/index.js";
import { checkShape } from "../../files/index.js";
import { checksSchema, type ModelChecks } from "./checks.js";
import { corruptionsSchema, type CorruptionResults } from "./corruptions.js";
import { exampleSchema, type Example } from "./examples.js";
import { measurementSchema, type Measurement, type Score } from "./measurements.js";
import { limitsSchema, shardSchema, type Limits, type ShardInfo } from "./parts.js";
import {
  imagesSchema,
  modelSchema,
  runtimeSchema,
  toolSchema,
  type ModelInfo,
  type RuntimeInfo,
  type ScoredImages,
  type ToolInfo,
} from "./subjects.js";
import { threatSchema, type ThreatInfo } from "./values.js";
import { warningSchema, type ResultWarning } from "./warnings.js";

/** Version of the shape below. A change that breaks readers raises it. */
export const resultSchemaVersion = 1;

/** One evaluation of one or more models on one set of images. */
export interface Result {
  readonly schemaVersion: typeof resultSchemaVersion;
  readonly tool: ToolInfo;
  readonly runtime: RuntimeInfo;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly seed: number;
  readonly dataset: ScoredImages;
  /** The threat that the evaluation is about and the summary reports. */
  readonly headline: ThreatInfo | null;
  readonly models: readonly ModelInfo[];
  readonly measurements: readonly Measurement[];
  /** Accuracy under corruptions; absent if none was measured. */
  readonly corruptions?: CorruptionResults | undefined;
  readonly examples: readonly Example[];
  /** The extra checks, one entry per model; absent if there were none. */
  readonly checks?: readonly ModelChecks[] | undefined;
  readonly warnings: readonly ResultWarning[];
  /** What the numbers do not show, in sentences: "PGD-40 is an upper bound …". */
  readonly statements: readonly string[];
  /** Absent if everything planned was done. */
  readonly limits?: Limits | undefined;
  /** Set for a part of an evaluation; absent for a whole one. */
  readonly shard?: ShardInfo | undefined;
}

/** Validator of {@link Result}. Use `parseResult` to check a result; use this to compose schemas. */
export const resultSchema: z.ZodType<Result> = z
  .object({
    schemaVersion: z.literal(resultSchemaVersion),
    tool: toolSchema,
    runtime: runtimeSchema,
    date: z.iso.datetime(),
    seed: z.number(),
    dataset: imagesSchema,
    headline: threatSchema.nullable(),
    models: z.array(modelSchema).min(1),
    measurements: z.array(measurementSchema),
    corruptions: corruptionsSchema.optional(),
    examples: z.array(exampleSchema),
    checks: z.array(checksSchema).optional(),
    warnings: z.array(warningSchema),
    statements: z.array(z.string()),
    limits: limitsSchema.optional(),
    shard: shardSchema.optional(),
  })
  .superRefine(checkReferences);

/** The rules between the parts: unique names, valid references, scores that add up. */
function checkReferences(result: Result, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: "custom", path, message });
  };
  const models = new Set<string>();
  result.models.forEach((m, i) => {
    if (models.has(m.name)) complain(["models", i, "name"], `"${m.name}" appears twice`);
    models.add(m.name);
  });
  const ids = new Set<string>();
  result.measurements.forEach((m, i) => {
    if (ids.has(m.id)) complain(["measurements", i, "id"], `"${m.id}" appears twice`);
    ids.add(m.id);
    if (!models.has(m.model)) complain(["measurements", i, "model"], `no model is named "${m.model}"`);
    if (m.kind === "transfer" && !models.has(m.source)) {
      complain(["measurements", i, "source"], `no model is named "${m.source}"`);
    }
    const problem = scoreProblem(m);
    if (problem !== undefined) complain(["measurements", i], problem);
  });
  result.corruptions?.measurements.forEach((m, i) => {
    const at = ["corruptions", "measurements", i];
    if (ids.has(m.id)) complain([...at, "id"], `"${m.id}" appears twice`);
    ids.add(m.id);
    if (!models.has(m.model)) complain([...at, "model"], `no model is named "${m.model}"`);
    const problem = scoreProblem(m);
    if (problem !== undefined) complain(at, problem);
    if (m.predictions !== undefined && m.predictions.length !== m.n)
      complain([...at, "predictions"], `has ${m.predictions.length} entries for ${m.n} images`);
  });
  result.examples.forEach((e, i) =>
    e.views.forEach((view, j) => {
      if (!models.has(view.model)) {
        complain(["examples", i, "views", j, "model"], `no model is named "${view.model}"`);
      }
    }),
  );
  result.checks?.forEach(({ model: checked, measurement: about }, i) => {
    if (!models.has(checked)) complain(["checks", i, "model"], `no model is named "${checked}"`);
    if (about !== undefined && !ids.has(about)) {
      complain(["checks", i, "measurement"], `no measurement has the id "${about}"`);
    }
  });
  result.warnings.forEach((w, i) =>
    w.measurements.forEach((id, j) => {
      if (!ids.has(id)) complain(["warnings", i, "measurements", j], `no measurement has the id "${id}"`);
    }),
  );
}

function scoreProblem(m: Score & Pick<Measurement, "perImage">): string | undefined {
  if (m.correct > m.n) return `${m.correct} of ${m.n} cannot be correct`;
  if (Math.abs(m.accuracy - m.correct / m.n) > 1e-9) {
    return `accuracy ${m.accuracy} is not correct / n = ${m.correct / m.n}`;
  }
  if (m.accuracy < m.interval.low - 1e-9 || m.accuracy > m.interval.high + 1e-9) {
    return "the accuracy lies outside its interval";
  }
  const columns = Object.entries(m.perImage ?? {}) as [string, readonly number[]][];
  const wrong = columns.find(([, column]) => column.length !== m.n);
  return wrong && `perImage.${wrong[0]} has ${wrong[1].length} entries for ${m.n} images`;
}

/**
 * Checks a parsed JSON value against the schema.
 *
 * @param place Where it comes from (a file), for the message.
 * @throws InputError naming the first invalid places, or the version if it is another one.
 */
export function parseResult(json: unknown, place: string): Result {
  const version: unknown =
    typeof json === "object" && json !== null ? (json as Partial<Result>).schemaVersion : undefined;
  const current: number = resultSchemaVersion;
  if (typeof version === "number" && version !== current) {
    throw new InputError({
      place,
      problem: `this result has schema version ${version}; this program reads version ${current}`,
      remedy: "Evaluate again, or use the version of holdfast that wrote it.",
    });
  }
  return checkShape(resultSchema, json, place, {
    problem: "this is not a holdfast result",
    remedy: "Give the result.json that `holdfast evaluate` wrote.",
  });
}

/** The schema as JSON Schema (draft 2020-12), for editors and other languages. */
export function resultJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(resultSchema, { io: "input" });
}
