/** Pictures kept for display. */
import { z } from "zod";
import { count, fraction, name, positive, threatSchema, type ThreatInfo } from "./values.js";

/**
 * A small image for display: `height · width · channels` bytes in base64, rows of pixels with
 * their channels together. A byte b stands for minimum + b / 255 · (maximum − minimum).
 */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly data: string;
}

/** Validators of parts that other results also use. */
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

/** F(A) = Σ_c A_c² of one tap, for the clean and the adversarial image. One channel. */
export interface AttentionPair {
  /** `group-0` … `group-3`. */
  readonly group: string;
  readonly clean: Raster;
  readonly adversarial: Raster;
}

/** One model's view of one example. */
export interface ExampleView {
  readonly model: string;
  readonly cleanPrediction: number;
  readonly adversarialPrediction: number;
  /** Softmax probability of the predicted class. */
  readonly cleanConfidence?: number | undefined;
  readonly adversarialConfidence?: number | undefined;
  readonly adversarial: Raster;
  /** x' − x, signed, so that `minimum` is negative; the report magnifies it. */
  readonly perturbation: Raster;
  readonly attention: readonly AttentionPair[];
}

/** One image of the dataset, with the adversarial image of every model. */
export interface Example {
  readonly index: number;
  readonly fileName: string;
  readonly label: number;
  readonly clean: Raster;
  readonly attack: string;
  readonly threat: ThreatInfo;
  readonly views: readonly ExampleView[];
}

export const exampleSchema: z.ZodType<Example> = z.object({
  index: count,
  fileName: z.string(),
  label: z.int(),
  clean: rasterSchema,
  attack: name,
  threat: threatSchema,
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
