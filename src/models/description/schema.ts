/** `model.yaml` beside `model.onnx`: how to read the model's file. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { refusing } from "../../errors/index.js";
import { checkShape, readFileChecked, writeFileAtomic } from "../../files/index.js";
import { readLabels } from "../labels-file.js";
import type { Preprocessing } from "../preprocess.js";

/** How the images of a model are made, and what its outputs are. Absent fields are unknown. */
export interface ModelDescription extends Preprocessing {
  /** Height and width of its images. */
  readonly size?: readonly [height: number, width: number];
  /** Share of the scaled side that the centre crop keeps: .875 for 224 of 256. */
  readonly crop?: number;
  /** "crop" scales and takes the centre, "stretch" changes the aspect ratio. */
  readonly fit?: "crop" | "stretch";
  readonly interpolation?: "bilinear" | "bicubic";
  /** Names by output, or a file with them in the same folder. */
  readonly labels?: string | readonly string[];
  /** Which output gives the logits. */
  readonly output?: string;
}

/** A description in which keys may be undefined, which means the same as absent. */
export type PartlyKnown = { readonly [Key in keyof ModelDescription]: ModelDescription[Key] | undefined };

const side = z.int().min(1).max(4096);
const perChannel = z.array(z.number()).min(1).max(4);

/** Strict: otherwise a misspelt key would be ignored silently. */
const schema = z.strictObject({
  mean: perChannel.optional(),
  std: perChannel.optional(),
  range: z.number().positive().optional(),
  layout: z.enum(["NCHW", "NHWC"]).optional(),
  channelOrder: z.enum(["RGB", "BGR"]).optional(),
  size: z.tuple([side, side]).optional(),
  crop: z.number().gt(0).max(1).optional(),
  fit: z.enum(["crop", "stretch"]).optional(),
  interpolation: z.enum(["bilinear", "bicubic"]).optional(),
  labels: z.union([z.string().min(1), z.array(z.string()).min(2)]).optional(),
  output: z.string().min(1).optional(),
});

const LARGEST = 2 ** 22;
const REMEDY = "See docs/formats.md for its keys, or write it again: holdfast inspect model.onnx --write.";
const refused = refusing(REMEDY);

/** `photos/model.onnx` → `photos/model.yaml` */
export function descriptionPath(model: string): string {
  return join(dirname(model), `${basename(model).replace(/\.onnx$/i, "")}.yaml`);
}

/**
 * The description in the file beside `model`; undefined if there is none.
 *
 * @throws InputError if it cannot be read or is invalid.
 */
export async function readDescription(model: string): Promise<ModelDescription | undefined> {
  const path = descriptionPath(model);
  if (path === model || !existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = parse(new TextDecoder().decode(await readFileChecked(path, LARGEST)));
  } catch (error) {
    if (error instanceof Error && error.name.startsWith("YAML"))
      throw refused(path, error.message.split("\n")[0]!, error);
    throw error;
  }
  const read = checkShape(schema, value ?? {}, path, {
    problem: "does not describe a model",
    remedy: REMEDY,
  });
  return defined(read);
}

/** The names in a description, or in the file that it refers to. */
export async function labelsOfDescription(
  model: string,
  { labels }: Pick<ModelDescription, "labels">,
): Promise<readonly string[] | undefined> {
  return typeof labels === "string" ? readLabels(resolve(dirname(model), labels)) : labels;
}

/** Writes a description beside `model`, one line per key, and returns its path. */
export async function writeDescription(model: string, description: PartlyKnown): Promise<string> {
  const path = descriptionPath(model);
  const lines = Object.entries(defined(description)).map(
    ([key, value]) => `${key}: ${JSON.stringify(value)}`,
  );
  const head = `# How to read ${basename(model)}: written by holdfast, see docs/formats.md.`;
  await writeFileAtomic(path, `${[head, ...lines].join("\n")}\n`);
  return path;
}

/** The description without undefined keys. */
export function defined(description: PartlyKnown): ModelDescription {
  return Object.fromEntries(Object.entries(description).filter(([, value]) => value !== undefined));
}
