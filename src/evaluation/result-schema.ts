import { z } from "zod";

import { NORMS } from "../attacks/cards/index.js";
import { InputError } from "../errors/index.js";
import { checkShape } from "../files/index.js";
import { checksSchema } from "./check-schema.js";
import type { Limits, ShardInfo } from "./part-result.js";
import {
  resultSchemaVersion,
  type AttackParameters,
  type Example,
  type Interval,
  type Measurement,
  type ModelInfo,
  type PerAttackedImage,
  type PerCleanImage,
  type Raster,
  type Result,
  type RuntimeInfo,
  type ToolInfo,
} from "./result.js";

const count = z.int().min(0);
const positive = z.int().min(1);
const fraction = z.number().min(0).max(1);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const name = z.string().min(1);

const interval: z.ZodType<Interval> = z.object({ low: fraction, high: fraction, confidence: fraction });

const threat = z.object({ norm: z.enum(NORMS), epsilon: z.number().min(0) });

const dataset = z
  .object({
    name,
    split: z.string(),
    n: positive,
    sampling: z.enum(["full", "class-balanced"]),
    population: positive,
    sampleSeed: z.number().nullable(),
    classNames: z.array(z.string()).min(1),
    classCounts: z.array(count),
    channels: positive,
    height: positive,
    width: positive,
  })
  .refine((d) => d.classCounts.length === d.classNames.length, "classCounts and classNames differ in length")
  .refine((d) => d.classCounts.reduce((a, b) => a + b, 0) === d.n, "classCounts do not sum to n");

const losses = z.array(z.number().nullable());

const training = z
  .object({
    settings: z.record(z.string(), scalar),
    steps: count,
    epochs: z.number().min(0),
    seconds: z.number().min(0),
    curve: z.object({
      step: z.array(z.number()),
      loss: losses,
      terms: z.record(z.string(), losses).optional(),
    }),
    validation: z.array(
      z.object({ step: count, n: positive, cleanAccuracy: fraction, robustAccuracy: fraction.nullable() }),
    ),
    bestStep: count.optional(),
  })
  .refine(
    ({ curve }) =>
      [curve.loss, ...Object.values(curve.terms ?? {})].every(
        (column) => column.length === curve.step.length,
      ),
    "a column of the loss curve is not as long as its steps",
  );

const namedPreprocessing = { name, options: z.string() };

const model: z.ZodType<ModelInfo> = z.object({
  name,
  recipe: z.string().nullable(),
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "not 64 hexadecimal digits"),
  architecture: z.string(),
  parameterCount: count,
  preprocessing: z.string().optional(),
  guess: z
    .object({
      ...namedPreprocessing,
      images: positive,
      correct: count,
      asGood: z.array(z.object(namedPreprocessing)),
    })
    .optional(),
  unread: z
    .array(z.object({ node: z.string(), op: z.string(), problem: z.string(), needed: z.string() }))
    .optional(),
  training: training.optional(),
});

const parameters: z.ZodType<AttackParameters> = z
  .object({
    steps: count.nullable(),
    stepSize: z.number().min(0).nullable(),
    randomStart: z.boolean().nullable(),
    restarts: count.nullable(),
    objective: z.string().nullable(),
    targeted: z.boolean(),
  })
  .catchall(scalar);

const classes = z.array(z.int());
const perClean: z.ZodType<PerCleanImage> = z.object({
  index: classes,
  label: classes,
  cleanPrediction: classes,
});
const perAttacked: z.ZodType<PerAttackedImage> = z.object({
  index: classes,
  label: classes,
  cleanPrediction: classes,
  adversarialPrediction: classes,
  success: z.array(z.union([z.literal(0), z.literal(1)])),
  distance: z.array(z.number().min(0)),
  stage: z.array(z.int().min(-1)).optional(),
  unfinished: z.array(z.union([z.literal(0), z.literal(1)])).optional(),
});

const score = {
  id: name,
  model: name,
  n: positive,
  correct: count,
  accuracy: fraction,
  interval,
  seed: z.number(),
  seconds: z.number().min(0),
};
const attacked = {
  ...score,
  attack: name,
  threat,
  parameters,
  stages: z
    .array(
      z.object({
        attack: name,
        parameters,
        images: count,
        broken: count,
        blind: count.optional(),
        queries: z.object({ forward: count, gradient: count }),
        seconds: z.number().min(0),
        unfinished: positive.optional(),
      }),
    )
    .optional(),
  further: positive.optional(),
  unfinished: positive.optional(),
  queries: z.object({ forward: count, gradient: count }),
  largestPerturbation: z.number().min(0),
  nonFinite: count,
  zeroGradient: z
    .object({
      images: count,
      standing: count,
      operators: z.array(z.string()),
      steps: z.array(z.string()).optional(),
      straightThrough: z.array(z.string()).optional(),
      comparisons: z.array(z.string()).optional(),
    })
    .optional(),
  perImage: perAttacked.optional(),
};
const measurement: z.ZodType<Measurement> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("clean"), ...score, perImage: perClean.optional() }),
  z.object({ kind: z.literal("white-box"), ...attacked }),
  z.object({ kind: z.literal("transfer"), ...attacked, source: name }),
  z.object({ kind: z.literal("nearest"), ...attacked }),
]);

/** Validators of parts that other results have too. */
export const rasterSchema: z.ZodType<Raster> = z
  .object({
    height: positive,
    width: positive,
    channels: positive,
    minimum: z.number(),
    maximum: z.number(),
    data: z.base64(),
  })
  .refine(
    (r) => Buffer.byteLength(r.data, "base64") === r.height * r.width * r.channels,
    "the data has not height · width · channels bytes",
  );

const example: z.ZodType<Example> = z.object({
  index: count,
  fileName: z.string(),
  label: z.int(),
  clean: rasterSchema,
  attack: name,
  threat,
  views: z.array(
    z.object({
      model: name,
      cleanPrediction: z.int(),
      adversarialPrediction: z.int(),
      cleanConfidence: fraction.optional(),
      adversarialConfidence: fraction.optional(),
      adversarial: rasterSchema,
      perturbation: rasterSchema,
      attention: z.array(z.object({ group: name, clean: rasterSchema, adversarial: rasterSchema })),
    }),
  ),
});

const warning = z.object({
  code: z.enum([
    "short-reach",
    "gray-image",
    "above-chance",
    "not-monotone",
    "collapsed",
    "transfer-stronger",
    "black-box-stronger",
    "few-classes",
    "not-converged",
    "unreliable-attack",
    "attack-failure",
    "unavailable-gradients",
    "unstable-predictions",
    "silent-success",
    "incomplete-optimisation",
    "transfer-failure",
    "unconstrained-failure",
    "not-adaptive",
    "fitted",
    "non-finite",
    "zero-gradient",
    "hidden-steps",
    "straight-through",
    "guessed-pixels",
    "no-gradient",
    "different-samples",
    "budget-spent",
    "ended-early",
  ]),
  severity: z.enum(["info", "warning", "serious"]),
  message: name,
  measurements: z.array(name),
});

export const toolSchema: z.ZodType<ToolInfo> = z.object({ name, version: name });

export const runtimeSchema: z.ZodType<RuntimeInfo> = z.object({
  engine: name,
  engineVersion: z.string(),
  host: z.string(),
  platform: z.string(),
  cpu: z.string(),
  threads: positive,
});

const limits: z.ZodType<Limits> = z.object({
  budget: z.object({ seconds: z.number().min(0), spent: z.number().min(0) }).optional(),
  threshold: fraction.optional(),
  notRun: z.array(z.string()),
});

const shard: z.ZodType<ShardInfo> = z.object({
  index: positive,
  count: positive,
  images: positive,
  marks: z.object({ tool: name, models: name, plan: name, images: name }),
  notes: z.array(z.string()),
});

/** Validator of {@link Result}. `parseResult` is the way to use it; this is for composing schemas. */
export const resultSchema: z.ZodType<Result> = z
  .object({
    schemaVersion: z.literal(resultSchemaVersion),
    tool: toolSchema,
    runtime: runtimeSchema,
    date: z.iso.datetime(),
    seed: z.number(),
    dataset,
    headline: threat.nullable(),
    models: z.array(model).min(1),
    measurements: z.array(measurement),
    examples: z.array(example),
    checks: z.array(checksSchema).optional(),
    warnings: z.array(warning),
    statements: z.array(z.string()),
    limits: limits.optional(),
    shard: shard.optional(),
  })
  .superRefine(checkReferences);

/** The rules between the parts: unique names, references that meet, scores that add up. */
function checkReferences(result: Result, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: "custom", path, message });
  };
  const models = new Set<string>();
  result.models.forEach((m, i) => {
    if (models.has(m.name)) complain(["models", i, "name"], `"${m.name}" is there twice`);
    models.add(m.name);
  });
  const ids = new Set<string>();
  result.measurements.forEach((m, i) => {
    if (ids.has(m.id)) complain(["measurements", i, "id"], `"${m.id}" is there twice`);
    ids.add(m.id);
    if (!models.has(m.model)) complain(["measurements", i, "model"], `no model is named "${m.model}"`);
    if (m.kind === "transfer" && !models.has(m.source)) {
      complain(["measurements", i, "source"], `no model is named "${m.source}"`);
    }
    const problem = scoreProblem(m);
    if (problem !== undefined) complain(["measurements", i], problem);
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

function scoreProblem(m: Measurement): string | undefined {
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
 * @throws InputError naming the first places that differ, or the version when it is another one.
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
