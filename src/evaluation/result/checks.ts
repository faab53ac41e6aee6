/** What was tried on a model beside its measurements, to see whether its number under attack can be trusted. */
import { z } from "zod";
import { count, name, queriesSchema, scalarSchema, seconds, type Queries, type Scalar } from "./values.js";

type Settings = Readonly<Record<string, Scalar>>;

/** The same clean images answered several times. */
export interface RepeatedAnswers {
  readonly images: number;
  /** How many were right, in each pass. */
  readonly correct: readonly number[];
  /** The greatest distance between two answers to one image, each of length 1. */
  readonly difference: number;
  /** Draws that answers were averaged over from then on, since they differed; absent where they did not. */
  readonly averagedOver?: number | undefined;
  /** Images so surely right that float32 rounds the gradient of their cross-entropy to 0. */
  readonly saturated: number;
}

/**
 * Another attack on a sample of the images that stood, and, where that found enough, on all of them. What it broke counts
 * in the worst case.
 */
export interface FurtherAttack {
  /** `longer`: the strongest attack at twice its steps. `adaptive`: an attack on what the defence was trained to keep. */
  readonly purpose: "longer" | "adaptive";
  readonly attack: string;
  readonly parameters: Settings;
  /** Images that stood before it. */
  readonly standing: number;
  readonly sample: { readonly images: number; readonly broken: number };
  /** Of all that it was tried on. */
  readonly images: number;
  readonly broken: number;
  /** Those that it broke, by their place in the dataset, and what the model says of them then. */
  readonly found: { readonly index: readonly number[]; readonly prediction: readonly number[] };
  readonly queries: Queries;
  readonly seconds: number;
}

/** Signs that an attack failed for its own reasons (Pintor et al. 2022, arXiv:2106.09947), on a sample of images that stood. */
export interface FailureSigns {
  /** The attack that was watched. */
  readonly attack: string;
  readonly parameters: Settings;
  readonly images: number;
  /** Images with a zero, denormal or infinite gradient in a tenth of the steps or more. */
  readonly noGradient: number;
  /** Mean change of the margin under small noise around the clean images, in proportion to the margin. */
  readonly instability: number;
  /** Images of which the attack saw an adversarial one and did not give it back. */
  readonly lost: number;
  /** Images whose loss rose by more than a twentieth of its way in the last ten steps. */
  readonly rising: number;
  /** Images that only the attack's own answers called adversarial. */
  readonly refuted: number;
  /** Images that stood even where every image is allowed. */
  readonly unbounded: number;
  readonly queries: Queries;
  readonly seconds: number;
}

/** All of it was done under the headline's threat, to images that stood in its first measurement. */
export interface ModelChecks {
  /** Name of the model. */
  readonly model: string;
  /** Id of that measurement; absent where the model was not attacked. */
  readonly measurement?: string | undefined;
  readonly repeats?: RepeatedAnswers | undefined;
  readonly further?: readonly FurtherAttack[] | undefined;
  readonly signs?: FailureSigns | undefined;
}

const settings = z.record(z.string(), scalarSchema);
const spent = { queries: queriesSchema, seconds };

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
