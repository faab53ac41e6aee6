import { z } from "zod";
import { rasterSchema, resultSchema, runtimeSchema, toolSchema, type Raster } from "../evaluation/results.js";
import { checkShape } from "../files/index.js";
import type { RegionSource } from "./datasets.js";
import type { MeasuredInput, MeasuredPicture } from "./measure-piece.js";
import type { Json } from "./piece.js";
import { REGIONS } from "./report/attention.js";
import type { ReproducedDatasetResult, ReproductionPictures, ReproductionResult } from "./result.js";

const count = z.int().min(0);
const name = z.string().min(1);
const json: z.ZodType<Json> = z.json();

export const measuredInputSchema: z.ZodType<MeasuredInput> = z.object({
  setting: name,
  epsilon: z.number().min(0),
  steps: count,
  groups: z
    .array(
      z.object({
        group: name,
        regions: count,
        inside: z.number().nullable(),
        outside: z.number().nullable(),
        cosine: z.number(),
        distance: z.number(),
      }),
    )
    .min(1),
});

const dataset: z.ZodType<ReproducedDatasetResult> = z
  .object({
    id: name,
    title: z.string(),
    description: z.string(),
    result: resultSchema,
    sources: z.record(z.string(), name),
    rows: z.array(
      z.object({
        model: name,
        recipe: name,
        title: z.string(),
        seed: z.number(),
        measured: z.array(measuredInputSchema).nullable(),
      }),
    ),
    regionSource: z.enum(Object.keys(REGIONS) as RegionSource[]).nullable(),
  })
  .superRefine(checkRows);

/** Every row has its model, and all rows have the same measurements, because the tables have a column for each. */
function checkRows({ result, rows }: ReproducedDatasetResult, context: z.RefinementCtx): void {
  const models = new Set(result.models.map((model) => model.name));
  const columns = rows.find(({ measured }) => measured !== null)?.measured ?? [];
  rows.forEach(({ model, measured }, i) => {
    if (!models.has(model)) {
      const message = `no model of the result is named "${model}"`;
      context.addIssue({ code: "custom", path: ["rows", i, "model"], message });
    }
    if (measured !== null && columnsOf(measured) !== columnsOf(columns)) {
      const message = "not under the same attacks, or not with the same groups, as the first row";
      context.addIssue({ code: "custom", path: ["rows", i, "measured"], message });
    }
  });
}

function columnsOf(measured: readonly MeasuredInput[]): string {
  const columns = measured.map(({ setting, epsilon, groups }) => [
    setting,
    epsilon,
    groups.map(({ group }) => group),
  ]);
  return JSON.stringify(columns);
}

const reproductionSchema: z.ZodType<ReproductionResult> = z.object({
  kind: z.literal("reproduction"),
  schemaVersion: z.literal(1),
  tool: toolSchema,
  runtime: runtimeSchema,
  date: z.iso.datetime(),
  preset: z.object({ name, description: z.string(), settings: json }),
  datasets: z.array(dataset),
});

const raster = (channels: readonly number[]): z.ZodType<Raster> =>
  rasterSchema.refine((r) => channels.includes(r.channels), {
    path: ["channels"],
    message: `must be ${channels.join(" or ")}`,
  });
const map = raster([1]);

export const pictureSchema: z.ZodType<MeasuredPicture> = z.object({
  index: count,
  fileName: z.string(),
  label: z.int(),
  region: map,
  inputs: z
    .array(
      z.object({
        setting: name,
        epsilon: z.number().min(0),
        prediction: z.int(),
        confidence: z.number(),
        image: raster([1, 3]),
        maps: z.array(map),
      }),
    )
    .min(1),
});

const picturesSchema: z.ZodType<ReproductionPictures> = z.record(
  z.string(),
  z
    .record(z.string(), z.array(pictureSchema))
    .refine(
      (models) => new Set(Object.values(models).map((pictures) => pictures.length)).size <= 1,
      "not the same number of pictures for every model",
    ),
);

/**
 * Checks a parsed JSON value.
 *
 * @param place Where it comes from (a file), for the message.
 * @throws InputError naming the first invalid places.
 */
export function parseReproduction(value: unknown, place: string): ReproductionResult {
  return checkShape(reproductionSchema, value, place, {
    problem: "is not the result of a reproduction",
    remedy: "Give the reproduction.json that holdfast reproduce wrote.",
  });
}

/** As {@link parseReproduction}. */
export function parsePictures(value: unknown, place: string): ReproductionPictures {
  return checkShape(picturesSchema, value, place, {
    problem: "does not hold the pictures of a reproduction",
    remedy: "Give the pictures.json that holdfast reproduce wrote.",
  });
}
