import { z } from "zod";
import type { ModelChecks } from "./check-result.js";

const count = z.int().min(0);
const name = z.string().min(1);
const settings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const spent = {
  queries: z.object({ forward: count, gradient: count }),
  seconds: z.number().min(0),
};

/** Validator of {@link ModelChecks}. */
export const checksSchema: z.ZodType<ModelChecks> = z.object({
  model: name,
  measurement: name.optional(),
  repeats: z
    .object({
      images: count,
      correct: z.array(count),
      difference: z.number().min(0),
      averagedOver: count.optional(),
      saturated: count,
    })
    .optional(),
  further: z
    .array(
      z
        .object({
          purpose: z.enum(["longer", "adaptive"]),
          attack: name,
          parameters: settings,
          standing: count,
          sample: z.object({ images: count, broken: count }),
          images: count,
          broken: count,
          found: z.object({ index: z.array(count), prediction: z.array(z.int()) }),
          ...spent,
        })
        .refine(
          ({ broken, found }) => found.index.length === broken && found.prediction.length === broken,
          "found has not an entry for each image that was broken",
        ),
    )
    .optional(),
  signs: z
    .object({
      attack: name,
      parameters: settings,
      images: count,
      noGradient: count,
      instability: z.number().min(0),
      lost: count,
      rising: count,
      refuted: count,
      unbounded: count,
      ...spent,
    })
    .optional(),
});
