/**
 * The result of an evaluation: everything a report, a merge or another tool may know.
 * Plain JSON; `result-schema.ts` holds the same shape as a validator.
 *
 * Rules that the types cannot say, checked by {@link parseResult}: names of models and ids of
 * measurements are unique, every reference meets its target, `accuracy` is `correct / n` and lies
 * in its interval, the arrays of `perImage` are `n` long, and a raster has the bytes of its shape.
 */

import type { Norm } from "../attacks/index.js";
import type { ModelChecks } from "./check-result.js";
import type { Limits, ShardInfo } from "./part-result.js";

/** Version of the shape below. A change that breaks readers raises it. */
export const resultSchemaVersion = 1;

/** A setting as it was used. */
export type Scalar = string | number | boolean | null;

/** Wilson score interval of a proportion. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** 0.95. */
  readonly confidence: number;
}

export interface ToolInfo {
  readonly name: string;
  readonly version: string;
}

/** The machine and the engine that computed the numbers. */
export interface RuntimeInfo {
  /** For example `onnxruntime-node`. */
  readonly engine: string;
  readonly engineVersion: string;
  /** For example `node v20.20.2`. */
  readonly host: string;
  /** For example `linux x64`. */
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
}

/** Which images were scored. */
export interface ScoredImages {
  readonly name: string;
  readonly split: string;
  /** Images scored. */
  readonly n: number;
  readonly sampling: "full" | "class-balanced";
  /** Images the sample was drawn from; equals `n` when the sampling is full. */
  readonly population: number;
  /** Seed of the sample; null when the sampling is full. */
  readonly sampleSeed: number | null;
  readonly classNames: readonly string[];
  /** Images of each class among the `n`. */
  readonly classCounts: readonly number[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** How a model was trained, thinned for plotting. Losses that were not finite are null. */
export interface TrainingSummary {
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  /** `loss` is the whole loss; `terms` its parts by name, each as long as `step`. */
  readonly curve: {
    readonly step: readonly number[];
    readonly loss: readonly (number | null)[];
    readonly terms?: Readonly<Record<string, readonly (number | null)[]>> | undefined;
  };
  readonly validation: readonly ValidationPoint[];
  /** Step of the weights that were kept. */
  readonly bestStep?: number | undefined;
}

export interface ValidationPoint {
  readonly step: number;
  readonly n: number;
  readonly cleanAccuracy: number;
  /** Under the validation attack that `settings` names; null when none was run. */
  readonly robustAccuracy: number | null;
}

/** The preprocessing under which a model was right most often on a few labelled images. */
export interface PreprocessingGuess extends NamedPreprocessing {
  /** Images of the trial, and those of them the model was right on. */
  readonly images: number;
  readonly correct: number;
  /** Others that the trial does not tell from it. */
  readonly asGood: readonly NamedPreprocessing[];
}

export interface NamedPreprocessing {
  /** For example `-1 to 1`. */
  readonly name: string;
  /** The command line's options that say it. */
  readonly options: string;
}

export interface ModelInfo {
  /** Unique in the result; everything else refers to it. */
  readonly name: string;
  readonly recipe: string | null;
  readonly path: string;
  /** Of `model.onnx`, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly architecture: string;
  readonly parameterCount: number;
  /** How pixels x in [0, 1] become its input, and how that is known; absent of a model of holdfast. */
  readonly preprocessing?: string | undefined;
  /** Where nothing says it and a trial chose it. */
  readonly guess?: PreprocessingGuess | undefined;
  /** Of a model that is run as its file is, and has no gradient: every node that is not read. */
  readonly unread?: readonly UnreadNode[] | undefined;
  readonly training?: TrainingSummary | undefined;
}

/** A node that is not read, why, and what would be needed. */
export interface UnreadNode {
  readonly node: string;
  readonly op: string;
  readonly problem: string;
  readonly needed: string;
}

/** ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1], in pixel units. */
export interface ThreatInfo {
  readonly norm: Norm;
  readonly epsilon: number;
}

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

/** An accuracy and what it rests on. */
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
 * Columns over the images scored, each `n` long. `index` is the place in the dataset; a prediction is -1 where a logit
 * was NaN, which counts as wrong.
 */
export interface PerCleanImage {
  readonly index: readonly number[];
  readonly label: readonly number[];
  readonly cleanPrediction: readonly number[];
}

export interface PerAttackedImage extends PerCleanImage {
  readonly adversarialPrediction: readonly number[];
  /** 1 where the attack reached its aim. */
  readonly success: readonly (0 | 1)[];
  /** In the threat's norm, as the harness measured it. */
  readonly distance: readonly number[];
  /** Of a suite: which of its attacks broke the image, from 0; −1 where none did, and where it is wrong when clean. */
  readonly stage?: readonly number[] | undefined;
  /** Where not all images are finished: 1 for one on which not all was tried that was to be. It counts as it stands. */
  readonly unfinished?: readonly (0 | 1)[] | undefined;
}

export interface CleanMeasurement extends Score {
  readonly kind: "clean";
  readonly perImage?: PerCleanImage | undefined;
}

/** Images whose gradient was zero or denormal in at least half of the attack's steps. */
export interface ZeroGradient {
  readonly images: number;
  /** Those of them that count as right under attack: nothing was tried on them. */
  readonly standing: number;
  /** Nodes between the image and the logits that pass no gradient, as `Sign (its name)`. */
  readonly operators: readonly string[];
  /** Those of them that round or count what an image holds: the attack does not see what they do. */
  readonly steps?: readonly string[] | undefined;
  /** Nodes that round and whose gradient is taken for that of an identity, as in a quantised model. */
  readonly straightThrough?: readonly string[] | undefined;
  /** Comparisons among them whose answer is used as a number. */
  readonly comparisons?: readonly string[] | undefined;
}

/** What one attack of a suite came to, on the images that stood before it. */
export interface SuiteStageResult {
  readonly attack: string;
  readonly parameters: AttackParameters;
  readonly images: number;
  readonly broken: number;
  /** Those of them that an attack by answers and gradients broke by answers alone; absent where there are none. */
  readonly blind?: number | undefined;
  readonly queries: { readonly forward: number; readonly gradient: number };
  readonly seconds: number;
  /** Those of the images that it was not done with, where there are some. */
  readonly unfinished?: number | undefined;
}

interface Attacked extends Score {
  /** An attack or a suite, for example `pgd` or `standard`. */
  readonly attack: string;
  readonly threat: ThreatInfo;
  readonly parameters: AttackParameters;
  /** Of a suite: its attacks in order. */
  readonly stages?: readonly SuiteStageResult[] | undefined;
  /** How many of the last stages are none of the suite's own: a budget had time left for them. */
  readonly further?: number | undefined;
  /**
   * Images on which not all was tried that was to be, where there are some. They count as right: `accuracy` is then no
   * accuracy under this attack but the most that it can be, and `interval` reaches down to where they all were broken.
   */
  readonly unfinished?: number | undefined;
  /** Images × evaluations. */
  readonly queries: { readonly forward: number; readonly gradient: number };
  /** Largest distance found by the harness, in the threat's norm. */
  readonly largestPerturbation: number;
  /** Images whose pixels under attack were not finite, or of which the model answered NaN. */
  readonly nonFinite: number;
  /** Where the model's gradient said nothing; absent where none was asked for. */
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
 * The nearest adversarial image of every image that the attack found with the model's own gradient: `perImage.distance`
 * where `success` is 1. `threat` is the widest ball that it looked in, and `accuracy` the share of images for which it found
 * nothing at all.
 */
export interface NearestMeasurement extends Attacked {
  readonly kind: "nearest";
}

export type AttackMeasurement = WhiteBoxMeasurement | TransferMeasurement;
export type Measurement = CleanMeasurement | AttackMeasurement | NearestMeasurement;

/**
 * A small image kept for showing: `height · width · channels` bytes in base64, rows of pixels with
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

/** F(A) = Σ_c A_c² of one tap, for the clean and the adversarial image. One channel. */
export interface AttentionPair {
  /** `group-0` … `group-3`. */
  readonly group: string;
  readonly clean: Raster;
  readonly adversarial: Raster;
}

/** What one model made of one example. */
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

/** One image of the dataset beside its adversarial image of every model. */
export interface Example {
  readonly index: number;
  readonly fileName: string;
  readonly label: number;
  readonly clean: Raster;
  readonly attack: string;
  readonly threat: ThreatInfo;
  readonly views: readonly ExampleView[];
}

/** Why a number is not to be trusted as it stands. Meanings in `gates.ts`. */
export type WarningCode =
  | "short-reach"
  | "gray-image"
  | "above-chance"
  | "not-monotone"
  | "collapsed"
  | "transfer-stronger"
  | "black-box-stronger"
  | "few-classes"
  | "not-converged"
  | "unreliable-attack"
  | "attack-failure"
  | "unavailable-gradients"
  | "unstable-predictions"
  | "silent-success"
  | "incomplete-optimisation"
  | "transfer-failure"
  | "unconstrained-failure"
  | "not-adaptive"
  | "fitted"
  | "non-finite"
  | "zero-gradient"
  | "hidden-steps"
  | "straight-through"
  | "guessed-pixels"
  | "no-gradient"
  | "different-samples"
  | "budget-spent"
  | "ended-early";

export interface ResultWarning {
  readonly code: WarningCode;
  /** `info` explains, `warning` weakens a number, `serious` says that it is false. */
  readonly severity: "info" | "warning" | "serious";
  readonly message: string;
  /** Ids of the measurements it speaks of. */
  readonly measurements: readonly string[];
}

/** One evaluation of one or more models on one set of images. */
export interface Result {
  readonly schemaVersion: typeof resultSchemaVersion;
  readonly tool: ToolInfo;
  readonly runtime: RuntimeInfo;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly seed: number;
  readonly dataset: ScoredImages;
  /** The threat the evaluation is about; the summary speaks of it. */
  readonly headline: ThreatInfo | null;
  readonly models: readonly ModelInfo[];
  readonly measurements: readonly Measurement[];
  readonly examples: readonly Example[];
  /** What was tried beside the measurements, a model each; absent where nothing was. */
  readonly checks?: readonly ModelChecks[] | undefined;
  readonly warnings: readonly ResultWarning[];
  /** What the numbers do not show, in sentences: "PGD-40 is an upper bound …". */
  readonly statements: readonly string[];
  /** Absent where all was done that was planned. */
  readonly limits?: Limits | undefined;
  /** Of a part of an evaluation; absent of a whole. */
  readonly shard?: ShardInfo | undefined;
}
