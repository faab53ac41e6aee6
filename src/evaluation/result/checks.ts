/** Extra checks on a model, to see whether its accuracy under attack can be trusted. */
import { z } from "zod";
import { count, name, queriesSchema, scalarSchema, seconds, type Queries, type Scalar } from "./values.js";

type Settings = Readonly<Record<string, Scalar>>;

/** The same clean images, run several times. */
export interface RepeatedAnswers {
  readonly images: number;
  /** How many were right, in each pass. */
  readonly correct: readonly number[];
  /** The largest distance between two outputs for one image, each scaled to length 1. */
  readonly difference: number;
  /** Draws that outputs were averaged over from then on, because they differed; absent if they did not. */
  readonly averagedOver?: number | undefined;
  /** Images so confidently right that float32 rounds the gradient of their cross-entropy to 0. */
  readonly saturated: number;
}

/**
 * Another attack on a sample of the survivors and, if that found enough, on all of them. Images that it broke count
 * in the worst case.
 */
export interface FurtherAttack {
  /**
   * `longer`: the strongest attack with twice its steps. `adaptive`: an attack on what the defence was trained to keep.
   * `search`: a longer search without gradients, because a shorter one broke what gradient attacks had left.
   * `decision`: an attack that sees only the predicted class, because the scores mislead.
   * `straight-through`: an attack whose gradient takes what rounds, or saturates at an end of the model, for the identity, because the model's own stops there.
   */
  readonly purpose: "longer" | "adaptive" | "search" | "decision" | "straight-through";
  readonly attack: string;
  readonly parameters: Settings;
  /** Images that had survived before it. */
  readonly standing: number;
  readonly sample: { readonly images: number; readonly broken: number };
  /** Number of images it was tried on. */
  readonly images: number;
  readonly broken: number;
  /** The images it broke, by their place in the dataset, and the model's predictions for them. */
  readonly found: { readonly index: readonly number[]; readonly prediction: readonly number[] };
  readonly queries: Queries;
  readonly seconds: number;
}

/** Signs that the attack itself failed (Pintor et al. 2022, arXiv:2106.09947), on a sample of the survivors. */
export interface FailureSigns {
  /** The attack that was watched. */
  readonly attack: string;
  readonly parameters: Settings;
  readonly images: number;
  /** Images with a zero, denormal or infinite gradient in at least a tenth of the steps. */
  readonly noGradient: number;
  /** Mean change of the margin under small noise around the clean images, in proportion to the margin. */
  readonly instability: number;
  /** Images for which the attack saw an adversarial image but did not return it. */
  readonly lost: number;
  /** Images whose last ten steps made more than a twentieth of the whole rise of the loss. */
  readonly rising: number;
  /** Images that were adversarial only by the attack's own outputs. */
  readonly refuted: number;
  /** Images that survived even with every image allowed. */
  readonly unbounded: number;
  readonly queries: Queries;
  readonly seconds: number;
}

/** The scores on straight lines from survivors to images of another class, just before the class changes. */
export interface BoundaryScores {
  readonly images: number;
  /** Images whose label still led by more than half of its lead on the clean image. */
  readonly cliffs: number;
}

/** All checks were made under the headline's threat, on images that survived its first measurement. */
export interface ModelChecks {
  /** Name of the model. */
  readonly model: string;
  /** Id of that measurement; absent if the model was not attacked. */
  readonly measurement?: string | undefined;
  readonly repeats?: RepeatedAnswers | undefined;
  readonly further?: readonly FurtherAttack[] | undefined;
  readonly signs?: FailureSigns | undefined;
  readonly boundary?: BoundaryScores | undefined;
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
          purpose: z.enum(["longer", "adaptive", "search", "decision", "straight-through"]),
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
  boundary: z.object({ images: count, cliffs: count }).optional(),
});
