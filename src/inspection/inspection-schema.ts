import { z } from "zod";

const whole = z.number().int().nonnegative();
const obstacle = z
  .object({
    node: z.string().nullable().describe("null if it is not about a single node"),
    op: z.string().nullable(),
    problem: z.string(),
    needed: z.string().describe("what needs to change"),
  })
  .strict();
const operator = z
  .object({
    op: z.string(),
    count: whole,
    differentiates: z.boolean().describe("false: its derivative is zero wherever it exists"),
  })
  .strict();

const common = {
  kind: z.literal("inspection"),
  schemaVersion: z.literal(1),
  name: z.string(),
  path: z.string(),
  sha256: z.string(),
};

const readable = z
  .object({
    ...common,
    readable: z.literal(true),
    architecture: z.string(),
    recipe: z.string().nullable(),
    input: z.string().describe("name: type[shape] of the image, pixels in [0, 1]"),
    output: z.string().describe("name: type[shape] of the logits"),
    batchSize: whole.nullable().describe("batch size that the file fixes; null: any"),
    classes: z.array(z.string()),
    classesNamed: z.boolean().describe("false: they have no names and are numbered"),
    randomInputs: z.array(z.string()).describe("inputs that a randomised defence draws at each run"),
    layout: z
      .object({ value: z.enum(["NCHW", "NHWC"]), why: z.enum(["given", "its input", "in the graph"]) })
      .strict()
      .describe("axis order that its layers see"),
    pixels: z.string().describe("what it expects instead of pixels in [0, 1], and the source, in words"),
    normalisation: z
      .object({
        mean: z.array(z.number()),
        std: z.array(z.number()),
        nodes: z.array(z.string()),
        why: z.enum(["given", "in the graph"]),
      })
      .strict()
      .nullable()
      .describe("u = (x - mean) / std of pixels in [0, 1]; null: they reach the first layer unchanged"),
    notices: z.array(z.string()),
    attackable: z.boolean().describe("whether a PGD step could be built and compiled"),
    obstacles: z.array(obstacle).describe("what prevents it; empty if attackable"),
    flat: z
      .array(z.object({ node: z.string(), op: z.string() }).strict())
      .describe("nodes between image and logits that pass no gradient"),
    parameters: whole,
    constants: whole.describe("elements of all constants, including parameters"),
    multiplyAdds: whole.nullable().describe("of convolutions and products, for one image"),
    flops: whole.nullable().describe("2 per multiply-add and 1 per element of the rest, for one image"),
    memory: z
      .object({ batchSize: whole, attackStep: whole, trainingStep: whole })
      .strict()
      .nullable()
      .describe("estimated peaks in bytes"),
    operators: z.array(operator),
    taps: z.array(z.object({ name: z.string(), value: z.string() }).strict()),
  })
  .strict();

const unreadable = z
  .object({
    ...common,
    readable: z.literal(false),
    attackable: z.literal(false),
    problem: z.string(),
    needed: z.string(),
    evaluable: z.boolean().describe("whether holdfast evaluate can measure it without gradients"),
    notEvaluable: z.string().nullable().describe("why not"),
    obstacles: z.array(obstacle).describe("every node that cannot be read"),
    operators: z.array(z.object({ op: z.string(), count: whole, readable: z.boolean() }).strict()),
  })
  .strict();

/** What `holdfast inspect --json` writes. */
export const inspectionSchema = z.discriminatedUnion("readable", [readable, unreadable]);

/** What `holdfast inspect --json` writes about a readable model (`schemas/inspection.schema.json`). */
export type ModelInspection = z.infer<typeof readable>;
export type UnreadableInspection = z.infer<typeof unreadable>;
export type OperatorCount = z.infer<typeof operator>;

/** JSON Schema (draft 2020-12) of {@link inspectionSchema}, published as `schemas/inspection.schema.json`. */
export function inspectionJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(inspectionSchema), title: "holdfast inspection" };
}
