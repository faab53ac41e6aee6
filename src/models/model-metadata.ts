import { createRequire } from "node:module";
import { z } from "zod";
import { InputError } from "../errors/index.js";
import type { Classifier, Tap } from "./classifier.js";
import type { RandomInput } from "./random-inputs.js";
import { straightThroughNodes } from "./straight-through.js";

/** Keys of `metadata_props` in a file that `saveClassifier` wrote. Lists are JSON. */
export const METADATA = {
  format: "holdfast_format",
  tool: "tool_version",
  architecture: "architecture",
  classNames: "class_names",
  taps: "taps",
  parameters: "parameters",
  buffers: "buffers",
  randomInputs: "random_inputs",
  straightThrough: "straight_through",
  preprocessing: "preprocessing",
} as const;
const FORMAT = "1";

/** The metadata of a file that holdfast wrote. */
export interface ClassifierMetadata {
  readonly architecture: string;
  readonly classNames: readonly string[];
  readonly taps: readonly Tap[];
  readonly parameters: readonly string[];
  readonly buffers: readonly string[];
  readonly randomInputs?: readonly RandomInput[] | undefined;
  /** Names of rounding nodes that are differentiated as the identity. */
  readonly straightThrough?: readonly string[] | undefined;
}

/** Longest side of an image that a random resize may have, in pixels. */
const LONGEST_SIDE = 16_384;
const side = z.int().positive().max(LONGEST_SIDE);

const noise = z.object({ distribution: z.enum(["normal", "uniform"]), scale: z.number() });
const resize = z.object({
  distribution: z.literal("resize"),
  axis: z.enum(["rows", "columns"]),
  from: side,
  smallest: side,
  frame: side,
});

const tokens = z.object({ skip: z.int().min(0), grid: z.tuple([side, side]) });

const schema: z.ZodType<ClassifierMetadata> = z.object({
  architecture: z.string(),
  classNames: z.array(z.string()),
  taps: z.array(z.object({ name: z.string(), value: z.string(), tokens: tokens.optional() })),
  parameters: z.array(z.string()),
  buffers: z.array(z.string()),
  randomInputs: z.array(z.object({ name: z.string(), draw: z.union([noise, resize]) })).optional(),
  straightThrough: z.array(z.string()).optional(),
});

export function toolVersion(): string {
  return (createRequire(import.meta.url)("../../package.json") as { version: string }).version;
}

export function writeMetadata(classifier: Classifier): Map<string, string> {
  const { name, classNames, taps, parameters, buffers, randomInputs, graph } = classifier;
  const straightThrough = straightThroughNodes(graph);
  const list = (key: string, values: readonly unknown[]): [string, string][] =>
    values.length === 0 ? [] : [[key, JSON.stringify(values)]];
  return new Map([
    [METADATA.format, FORMAT],
    [METADATA.tool, toolVersion()],
    [METADATA.architecture, name],
    [METADATA.classNames, JSON.stringify(classNames)],
    [METADATA.taps, JSON.stringify(taps)],
    [METADATA.parameters, JSON.stringify(parameters)],
    [METADATA.buffers, JSON.stringify(buffers)],
    ...list(METADATA.randomInputs, randomInputs ?? []),
    ...list(METADATA.straightThrough, straightThrough),
    [
      METADATA.preprocessing,
      JSON.stringify({ layout: "NCHW", pixels: [0, 1], normalisation: "in the graph" }),
    ],
  ]);
}

/**
 * The metadata of a file that holdfast wrote; undefined for a file of another tool.
 *
 * @throws InputError if holdfast wrote the file, but its metadata is damaged or of a later format.
 */
export function readMetadata(
  metadata: ReadonlyMap<string, string>,
  place: string,
): ClassifierMetadata | undefined {
  const format = metadata.get(METADATA.format);
  if (format === undefined) return undefined;
  if (format !== FORMAT) {
    throw new InputError({
      place,
      problem: `has format ${JSON.stringify(format.slice(0, 20))}; this version reads ${FORMAT}`,
      remedy: "Update holdfast.",
    });
  }
  const list = (key: string): unknown => {
    try {
      return JSON.parse(metadata.get(key) ?? "");
    } catch {
      return undefined;
    }
  };
  const optional = (key: string): unknown => (metadata.has(key) ? (list(key) ?? null) : undefined);
  const parsed = schema.safeParse({
    architecture: metadata.get(METADATA.architecture),
    classNames: list(METADATA.classNames),
    taps: list(METADATA.taps),
    parameters: list(METADATA.parameters),
    buffers: list(METADATA.buffers),
    randomInputs: optional(METADATA.randomInputs),
    straightThrough: optional(METADATA.straightThrough),
  });
  if (parsed.success) return parsed.data;
  throw new InputError({
    place,
    problem: `has damaged metadata: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
    remedy: "Save the classifier again, or remove its metadata to read it as a foreign model.",
  });
}
