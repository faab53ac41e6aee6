import { z } from "zod";
import { CORRUPTIONS, SEVERITIES } from "../../data/corruptions/names.js";
import { CARDS, NORMS, SUITES, type Norm } from "../../attacks/cards/index.js";

/** A fraction, as ε is usually written: `8/255`. */
const FRACTION = /^\s*\d+(\.\d+)?\s*\/\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*$/;
/** `clean`, `corrupted`, `robust@linf:4/255`, `warnings.serious`. */
const METRIC =
  /^(?:clean|corrupted|robust@(?:linf|l2|l1|patch):[\d./e-]+|warnings\.(?:info|warning|serious))$/;
/** Names of models, which are also file names in a folder of baselines. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const share = z.number().min(0).max(1);

/** ε or a step size, for pixels in [0, 1]. */
const radius = z
  .union(
    [z.number().positive(), z.string().regex(FRACTION)],
    "must be a number above 0, or a fraction such as 4/255",
  )
  .transform((value) => (typeof value === "number" ? value : numberOf(value)))
  .pipe(z.number().positive());

/** `4/255`, or a plain number. */
export function numberOf(text: string): number {
  const [above, below = "1"] = text.split("/");
  return Number(above) / Number(below);
}

const seconds = z
  .string()
  .regex(
    /^(?=.*\d)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?$/,
    "must be a time such as 90s, 10m or 1h30m",
  )
  .transform((text) => {
    const [, hours = "0", minutes = "0", rest = "0"] = /^(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/.exec(
      text,
    )!;
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  })
  .pipe(z.number().positive("must be a time above 0"));

const model = z.strictObject({
  path: z.string().min(1).describe("an .onnx file or a run folder"),
  mean: z.array(z.number()).min(1).exactOptional().describe("channel means of pixels in [0, 1]"),
  std: z.array(z.number().positive()).min(1).exactOptional().describe("channel deviations"),
  pixelRange: z.int().min(1).max(65_535).exactOptional().describe("its largest pixel, such as 255"),
  layout: z.enum(["NCHW", "NHWC"]).exactOptional(),
  channelOrder: z.enum(["rgb", "bgr"]).exactOptional(),
  crop: z
    .number()
    .positive()
    .max(1)
    .exactOptional()
    .describe("share of the scaled picture's side to crop to, around the centre"),
  labels: z.string().min(1).exactOptional().describe("a file with the names of its outputs"),
  output: z.string().min(1).exactOptional().describe("the output that gives the logits"),
});

const level = z
  .enum(["error", "warn"])
  .default("error")
  .describe("warn: reported, but the check still passes");

const assertion = z
  .strictObject({
    min: share.optional().describe("smallest accuracy"),
    minLow: share.optional().describe("smallest lower end of the 95 % interval"),
    max: z.number().min(0).optional().describe("largest value, such as a number of warnings"),
    level,
  })
  .refine(({ min, minLow, max }) => [min, minLow, max].some((bound) => bound !== undefined), {
    message: "asserts nothing: give min, minLow or max",
  });

export const configSchema = z
  .strictObject({
    $schema: z.string().optional(),
    models: z
      .record(
        z.string().regex(NAME, "must be a name such as production"),
        z.union(
          [
            z
              .string()
              .min(1)
              .transform((path): z.output<typeof model> => ({ path })),
            model,
          ],
          "must be a path, or path and preprocessing",
        ),
      )
      .refine((models) => Object.keys(models).length > 0, "must name a model")
      .describe("by name: a path, or a path and its preprocessing"),
    data: z.string().min(1).describe("as for holdfast evaluate --data"),
    classMap: z.string().min(1).optional().describe("a CSV file that maps classes to the models' outputs"),
    limit: z.int().min(1).optional().describe("size of a seeded, class-balanced sample of the images"),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0),
    attack: z
      .enum([...Object.keys(SUITES), ...Object.keys(CARDS)] as [string, ...string[]])
      .default("auto")
      .describe("an attack or a suite"),
    threats: z
      .array(z.strictObject({ norm: z.enum(NORMS).default("linf"), epsilon: radius }))
      .min(1)
      .describe("norms and radii, for pixels in [0, 1]"),
    corruptions: z
      .union(
        [
          z.literal(true).transform(() => ({})),
          z.strictObject({
            kinds: z.array(z.enum(CORRUPTIONS)).min(1).exactOptional(),
            severities: z.array(z.literal(SEVERITIES)).min(1).exactOptional(),
          }),
        ],
        "must be true, or kinds and severities",
      )
      .optional()
      .describe(
        "also measure accuracy under the corruptions of ImageNet-C: true for all, or kinds and severities",
      ),
    budget: seconds
      .optional()
      .describe("time limit for the whole check, such as 10m: what does not fit is left out"),
    assert: z
      .record(
        z
          .string()
          .regex(
            METRIC,
            "must be clean, corrupted, robust@NORM:ε or warnings.LEVEL, as in robust@linf:4/255",
          ),
        assertion,
      )
      .default({}),
    baseline: z
      .union(
        [
          z
            .string()
            .min(1)
            .transform((path) => ({ path, alpha: 0.05, level: "error" as const })),
          z.strictObject({
            path: z.string().min(1),
            alpha: z.number().positive().max(1).default(0.05).describe("worse if McNemar's p is below this"),
            level,
          }),
        ],
        "must be a path, or path, alpha and level",
      )
      .optional()
      .describe(
        "a result to compare with image by image, and to be no worse than: a .json file, or a folder of them",
      ),
  })
  .describe("What holdfast check measures, and what must hold.");

/** `holdfast.yaml`, with every default filled in. */
export type CheckConfig = z.output<typeof configSchema>;
/** What must hold for one metric. */
export type AssertionRule = CheckConfig["assert"][string];
/** A norm and a radius, in pixel units. */
export interface Threat {
  readonly norm: Norm;
  readonly epsilon: number;
}

/** JSON Schema (draft 2020-12) of `holdfast.yaml`, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: "input" }), title: "holdfast check" };
}
