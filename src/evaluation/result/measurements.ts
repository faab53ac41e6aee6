/** Accuracies, clean and under attack, and what they are based on. */
import { z } from "zod";
import {
  bit,
  count,
  fraction,
  intervalSchema,
  name,
  positive,
  queriesSchema,
  scalarSchema,
  seconds,
  threatSchema,
  type Interval,
  type Queries,
  type Scalar,
  type ThreatInfo,
} from "./values.js";

/** Every parameter of an attack; those an attack does not have are null. Others may be added by name. */
export interface AttackParameters {
  readonly steps: number | null;
  /** Pixel units. */
  readonly stepSize: number | null;
  readonly randomStart: boolean | null;
  readonly restarts: number | null;
  /** The loss the attack raises (lowers, when targeted): `cross-entropy`. */
  readonly objective: string | null;
  readonly targeted: boolean;
  readonly [other: string]: Scalar;
}

const parametersSchema: z.ZodType<AttackParameters> = z
  .object({
    steps: count.nullable(),
    stepSize: z.number().min(0).nullable(),
    randomStart: z.boolean().nullable(),
    restarts: count.nullable(),
    objective: z.string().nullable(),
    targeted: z.boolean(),
  })
  .catchall(scalarSchema);

/** An accuracy and the counts behind it. */
export interface Score {
  /** Unique in the result; warnings refer to it. */
  readonly id: string;
  readonly model: string;
  readonly n: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly interval: Interval;
  readonly seed: number;
  readonly seconds: number;
}

/**
 * Columns over the images scored, each `n` long. `index` is the place in the dataset. A prediction is -1 if a logit
 * was NaN, and counts as wrong.
 */
export interface PerCleanImage {
  readonly index: readonly number[];
  readonly label: readonly number[];
  readonly cleanPrediction: readonly number[];
}

export interface PerAttackedImage extends PerCleanImage {
  readonly adversarialPrediction: readonly number[];
  /** 1 if the attack succeeded. */
  readonly success: readonly (0 | 1)[];
  /** In the threat's norm, as the harness measured it. */
  readonly distance: readonly number[];
  /** In a suite: which of its attacks broke the image, from 0; −1 if none did, or if the image is wrong when clean. */
  readonly stage?: readonly number[] | undefined;
  /** Present if some images are unfinished: 1 for an image on which not everything planned was tried. It counts as it is. */
  readonly unfinished?: readonly (0 | 1)[] | undefined;
}

const classes = z.array(z.int());
const perCleanSchema: z.ZodType<PerCleanImage> = z.object({
  index: classes,
  label: classes,
  cleanPrediction: classes,
});
const perAttackedSchema: z.ZodType<PerAttackedImage> = z.object({
  index: classes,
  label: classes,
  cleanPrediction: classes,
  adversarialPrediction: classes,
  success: z.array(bit),
  distance: z.array(z.number().min(0)),
  stage: z.array(z.int().min(-1)).optional(),
  unfinished: z.array(bit).optional(),
});

/** Images whose gradient was zero or denormal in at least half of the attack's steps. */
export interface ZeroGradient {
  readonly images: number;
  /** Those of them that count as right under attack, although nothing was really tried on them. */
  readonly standing: number;
  /** Nodes between the image and the logits that pass no gradient, as `Sign (its name)`. */
  readonly operators: readonly string[];
  /** Those of them that round or count values of the image: the attack cannot see their effect. */
  readonly steps?: readonly string[] | undefined;
  /** Nodes that round but are differentiated as the identity, as in a quantised model. */
  readonly straightThrough?: readonly string[] | undefined;
  /** Comparisons among them whose result is used as a number. */
  readonly comparisons?: readonly string[] | undefined;
}

const zeroGradientSchema: z.ZodType<ZeroGradient> = z.object({
  images: count,
  standing: count,
  operators: z.array(z.string()),
  steps: z.array(z.string()).optional(),
  straightThrough: z.array(z.string()).optional(),
  comparisons: z.array(z.string()).optional(),
});

/** The outcome of one attack of a suite, on the images that had survived before it. */
export interface SuiteStageResult {
  readonly attack: string;
  readonly parameters: AttackParameters;
  readonly images: number;
  readonly broken: number;
  /** Those that an attack using queries and gradients broke before its first gradient; absent if there are none. */
  readonly blind?: number | undefined;
  readonly queries: Queries;
  readonly seconds: number;
  /** Images that it did not finish, if there are any. */
  readonly unfinished?: number | undefined;
}

const stageSchema: z.ZodType<SuiteStageResult> = z.object({
  attack: name,
  parameters: parametersSchema,
  images: count,
  broken: count,
  blind: count.optional(),
  queries: queriesSchema,
  seconds,
  unfinished: positive.optional(),
});

export interface CleanMeasurement extends Score {
  readonly kind: "clean";
  readonly perImage?: PerCleanImage | undefined;
}

interface Attacked extends Score {
  /** An attack or a suite, for example `pgd` or `standard`. */
  readonly attack: string;
  readonly threat: ThreatInfo;
  readonly parameters: AttackParameters;
  /** For a suite: its attacks in order. */
  readonly stages?: readonly SuiteStageResult[] | undefined;
  /** How many of the last stages are not part of the suite: a budget had time left for them. */
  readonly further?: number | undefined;
  /**
   * Images on which not everything planned was tried, if there are any. They count as right: `accuracy` is then an upper
   * limit of the accuracy under this attack, and `interval` reaches down to where all of them were broken.
   */
  readonly unfinished?: number | undefined;
  /** Images × evaluations. */
  readonly queries: Queries;
  /** Largest distance found by the harness, in the threat's norm. */
  readonly largestPerturbation: number;
  /** Images whose pixels under attack were not finite, or for which the model's output was NaN. */
  readonly nonFinite: number;
  /** Where the model's gradient was zero; absent if no gradient was used. */
  readonly zeroGradient?: ZeroGradient | undefined;
  readonly perImage?: PerAttackedImage | undefined;
}

/** The attack had the model's own gradient. `accuracy` is robust accuracy, an upper bound. */
export interface WhiteBoxMeasurement extends Attacked {
  readonly kind: "white-box";
}

/** The adversarial images were made on another model. */
export interface TransferMeasurement extends Attacked {
  readonly kind: "transfer";
  /** Name of the model they were made on. */
  readonly source: string;
}

/**
 * The nearest adversarial image that the attack found for each image with the model's own gradient: `perImage.distance`
 * where `success` is 1. `threat` is the widest ball it searched, and `accuracy` is the share of images for which it
 * found nothing.
 */
export interface NearestMeasurement extends Attacked {
  readonly kind: "nearest";
}

/** Accuracy under an attack: on the model itself, or on another model's adversarial images. */
export type AttackMeasurement = WhiteBoxMeasurement | TransferMeasurement;
/** One number of a result, with everything that produced it. */
export type Measurement = CleanMeasurement | AttackMeasurement | NearestMeasurement;

/** Fields of a {@link Score}. */
export const scoreFields = {
  id: name,
  model: name,
  n: positive,
  correct: count,
  accuracy: fraction,
  interval: intervalSchema,
  seed: z.number(),
  seconds,
};
const attacked = {
  ...scoreFields,
  attack: name,
  threat: threatSchema,
  parameters: parametersSchema,
  stages: z.array(stageSchema).optional(),
  further: positive.optional(),
  unfinished: positive.optional(),
  queries: queriesSchema,
  largestPerturbation: z.number().min(0),
  nonFinite: count,
  zeroGradient: zeroGradientSchema.optional(),
  perImage: perAttackedSchema.optional(),
};

export const measurementSchema: z.ZodType<Measurement> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("clean"), ...scoreFields, perImage: perCleanSchema.optional() }),
  z.object({ kind: z.literal("white-box"), ...attacked }),
  z.object({ kind: z.literal("transfer"), ...attacked, source: name }),
  z.object({ kind: z.literal("nearest"), ...attacked }),
]);
