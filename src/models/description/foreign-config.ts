/** Reads files that other tools write beside a model: Hugging Face's and timm's JSON, and lists of names. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { HoldfastError } from "../../errors/index.js";
import { readJson } from "../../files/index.js";
import { labelsOf, readLabels } from "../labels-file.js";
import { defined, type ModelDescription } from "./schema.js";

/** A file and its content. */
export interface ForeignConfig {
  readonly place: string;
  readonly description: ModelDescription;
}

/** Names that may belong to the outputs, if there are as many. */
export interface NamesBeside {
  readonly place: string;
  readonly names: readonly string[];
}

const LABELS = ["labels.txt", "labels.json", "imagenet_classes.txt", "classes.txt"];
const CONFIGS = [
  ["preprocessor_config.json", huggingFace],
  ["config.json", timm],
] as const;

/** Folders with files of a model: its own, and the one above `onnx`, as Optimum writes it. */
function foldersOf(model: string): string[] {
  const own = dirname(model);
  return basename(resolve(own)) === "onnx" ? [own, dirname(resolve(own))] : [own];
}

/** Every file of another tool that may describe a model's images or name its classes, whether it exists or not. */
export function foreignFiles(model: string): string[] {
  const names = [...CONFIGS.map(([file]) => file), ...LABELS];
  return foldersOf(model).flatMap((folder) => names.map((name) => join(folder, name)));
}

/**
 * The image description in `preprocessor_config.json` (Hugging Face) or `config.json` (timm) beside the model. Files that
 * cannot be read are reported to `onNotice` and skipped: they may belong to something else.
 */
export async function readForeignConfig(
  model: string,
  onNotice: (notice: string) => void,
): Promise<ForeignConfig | undefined> {
  for (const [file, read] of CONFIGS) {
    for (const folder of foldersOf(model)) {
      const place = join(folder, file);
      const json = await jsonOf(place, onNotice);
      const description = json === undefined ? {} : defined(read(json));
      if (Object.keys(description).length > 0) return { place, description };
    }
  }
  return undefined;
}

/** Class names from files beside the model: lists, then `id2label` and timm's `label_names`. */
export async function readNamesBeside(
  model: string,
  onNotice: (notice: string) => void,
): Promise<readonly NamesBeside[]> {
  const found: NamesBeside[] = [];
  for (const folder of foldersOf(model)) {
    for (const file of LABELS) {
      const place = join(folder, file);
      if (!existsSync(place)) continue;
      try {
        found.push({ place, names: await readLabels(place) });
      } catch (error) {
        passOver(error, onNotice);
      }
    }
    const place = join(folder, "config.json");
    const names = configNames(await jsonOf(place, () => {}));
    if (names !== undefined) found.push({ place, names });
  }
  return found;
}

function configNames(json: unknown): readonly string[] | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { id2label, label_names, pretrained_cfg } = json as Record<string, unknown>;
  const nested = (pretrained_cfg as Record<string, unknown> | null | undefined)?.["label_names"];
  const names = labelsOf(id2label ?? label_names ?? nested);
  // Hugging Face's names for classes without names.
  return names?.every((name, i) => name === `LABEL_${i}`) === true ? undefined : names;
}

async function jsonOf(place: string, onNotice: (notice: string) => void): Promise<unknown> {
  if (!existsSync(place)) return undefined;
  try {
    return await readJson(place, { problem: "is not JSON", remedy: "Remove it, or write it again." });
  } catch (error) {
    passOver(error, onNotice);
    return undefined;
  }
}

function passOver(error: unknown, onNotice: (notice: string) => void): void {
  if (!(error instanceof HoldfastError)) throw error;
  onNotice(`${error.place}: ${error.problem}; it is ignored`);
}

const channels = z.array(z.number()).min(1).max(4);
const pixels = z.int().min(1).max(4096);
const sides = z.union([
  pixels,
  z.object({ height: pixels, width: pixels }),
  z.object({ shortest_edge: pixels }),
]);

const preprocessor = z.object({
  do_normalize: z.boolean().optional(),
  image_mean: channels.optional(),
  image_std: channels.optional(),
  do_rescale: z.boolean().optional(),
  rescale_factor: z.number().positive().optional(),
  do_resize: z.boolean().optional(),
  size: sides.optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: sides.optional(),
  crop_pct: z.number().gt(0).max(1).optional(),
  resample: z.number().optional(),
  do_flip_channel_order: z.boolean().optional(),
});

/** u = (c · x − image_mean) / image_std of pixels x in [0, 1], where c is 255 times their rescale factor. */
function huggingFace(json: unknown): ModelDescription {
  const parsed = preprocessor.safeParse(json);
  if (!parsed.success) return {};
  const config = parsed.data;
  const { do_normalize, image_mean, image_std } = config;
  const isNormalised = do_normalize !== false && image_mean !== undefined && image_std !== undefined;
  if (!isNormalised && config.rescale_factor === undefined && config.do_rescale === undefined) return {};
  // Counts a product such as 255 · 0.00392156862745098 as 1.
  const range =
    config.do_rescale === false ? 255 : Number((255 * (config.rescale_factor ?? 1 / 255)).toPrecision(9));
  return {
    range,
    ...(isNormalised ? { mean: image_mean.map((m) => m / range), std: image_std } : {}),
    ...(config.do_flip_channel_order === true ? { channelOrder: "BGR" as const } : {}),
    ...geometry(config),
  };
}

function geometry(config: z.infer<typeof preprocessor>): ModelDescription {
  const { size, crop_size, crop_pct, do_center_crop } = config;
  const interpolation = config.resample === 2 ? "bilinear" : config.resample === 3 ? "bicubic" : undefined;
  const filter = interpolation === undefined ? {} : ({ interpolation } as const);
  if (config.do_resize === false || size === undefined) return filter;
  const cropped = do_center_crop === true && crop_size !== undefined ? pairOf(crop_size) : undefined;
  if (cropped !== undefined) {
    const crop = cropped[0] / shortest(size);
    return { size: cropped, ...(crop <= 1 ? { crop, fit: "crop" } : {}), ...filter };
  }
  const whole = pairOf(size);
  if (crop_pct !== undefined) return { size: whole, crop: crop_pct, fit: "crop", ...filter };
  return { size: whole, fit: "shortest_edge" in Object(size) ? "crop" : "stretch", ...filter };
}

function pairOf(size: z.infer<typeof sides>): readonly [number, number] {
  if (typeof size === "number") return [size, size];
  return "height" in size ? [size.height, size.width] : [size.shortest_edge, size.shortest_edge];
}

function shortest(size: z.infer<typeof sides>): number {
  return Math.min(...pairOf(size));
}

const pretrained = z.object({
  mean: channels,
  std: channels,
  input_size: z.tuple([pixels, pixels, pixels]).optional(),
  crop_pct: z.number().gt(0).max(1).optional(),
  crop_mode: z.string().optional(),
  interpolation: z.string().optional(),
});

function timm(json: unknown): ModelDescription {
  const nested = (json as Record<string, unknown> | null)?.["pretrained_cfg"];
  const parsed = pretrained.safeParse(nested ?? json);
  if (!parsed.success) return {};
  const { mean, std, input_size, crop_pct, crop_mode, interpolation } = parsed.data;
  return {
    mean,
    std,
    ...(input_size === undefined ? {} : { size: [input_size[1], input_size[2]] as const }),
    ...(crop_pct === undefined ? {} : { crop: crop_pct }),
    ...(crop_mode === "squash" ? { fit: "stretch" as const } : {}),
    ...(interpolation === "bicubic" || interpolation === "bilinear" ? { interpolation } : {}),
  };
}
