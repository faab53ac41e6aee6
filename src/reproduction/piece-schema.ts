import { z } from "zod";
import type { Crafted } from "./craft-piece.js";
import type { MeasureResult } from "./measure-piece.js";
import type { Json, PieceKind } from "./piece.js";
import type { Predictions } from "./predictions.js";
import { measuredInputSchema, pictureSchema } from "./result-schema.js";
import type { TransferResult } from "./transfer-piece.js";
import type { WhiteBoxResult } from "./white-box-piece.js";

/** The result of a piece of each kind. */
export interface PieceResults {
  readonly train: Json;
  readonly craft: Crafted;
  readonly transfer: TransferResult;
  readonly "white-box": WhiteBoxResult;
  readonly measure: MeasureResult;
}

const count = z.int().min(0);
const size = z.number().min(0);
const numbers = z.array(z.int());

const predictions: z.ZodType<Predictions> = z
  .object({ prediction: numbers, index: z.array(count), label: z.array(count).min(1) })
  .refine(
    ({ prediction, index, label }) => prediction.length === label.length && index.length === label.length,
    {
      message: "not as many predictions as images",
    },
  );

const crafted: z.ZodType<Crafted> = z.object({
  files: z
    .array(z.object({ name: z.string().regex(/^\d{5,}\.npy$/), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .min(1),
  captures: z.array(z.object({ largestPerturbation: size, nonFinite: count })).min(1),
});

/** Every attack has an answer for every image. */
function isWhole({
  clean,
  attacked,
}: {
  readonly clean: Predictions;
  readonly attacked: readonly { readonly prediction: readonly number[] }[];
}): boolean {
  return attacked.every(({ prediction }) => prediction.length === clean.label.length);
}
const incomplete = { path: ["attacked"], message: "not an answer for every image" };

const transfer: z.ZodType<TransferResult> = z
  .object({
    clean: predictions,
    attacked: z.array(
      z.object({ setting: z.string(), epsilon: size, iterations: count, prediction: numbers }),
    ),
    seconds: size,
    samples: z.int().min(1),
  })
  .refine(isWhole, incomplete);

const whiteBox: z.ZodType<WhiteBoxResult> = z
  .object({
    clean: predictions,
    attacked: z.array(
      z.object({
        attack: z.string().min(1),
        epsilon: size,
        steps: count.nullable(),
        stepSize: size.nullable(),
        draws: z.int().min(1),
        prediction: numbers,
        largestPerturbation: size,
        nonFinite: count,
        forwardQueries: count,
        gradientQueries: count,
        seconds: size,
      }),
    ),
  })
  .refine(isWhole, incomplete);

const measure: z.ZodType<MeasureResult> = z.object({
  inputs: z.array(measuredInputSchema),
  pictures: z.array(pictureSchema),
});

/** Validators of {@link PieceResults}. */
export const PIECE_RESULTS: { readonly [K in PieceKind]: z.ZodType<PieceResults[K]> } = {
  train: z.json(),
  craft: crafted,
  transfer,
  "white-box": whiteBox,
  measure,
};
