/** What was measured and how: the tool, the machine, the images and the models. */
import { z } from "zod";
import { DEVICES, type DeviceName } from "../../runtime/devices.js";
import type { EngineInfo } from "../../runtime/index.js";
import { LAYOUTS } from "../../runtime/layouts.js";
import { count, fraction, name, positive, scalarSchema, seconds, type Scalar } from "./values.js";

/** Name and version of the tool that computed a result. */
export interface ToolInfo {
  readonly name: string;
  readonly version: string;
}

export const toolSchema: z.ZodType<ToolInfo> = z.object({ name, version: name });

/** The machine and the engine that computed the numbers. */
export type RuntimeInfo = EngineInfo;

export const runtimeSchema: z.ZodType<RuntimeInfo> = z.object({
  engine: name,
  engineVersion: z.string(),
  host: z.string(),
  platform: z.string(),
  cpu: z.string(),
  threads: positive,
  device: z
    .object({
      name: z.enum(Object.keys(DEVICES) as [DeviceName, ...DeviceName[]]),
      onCpu: z.array(z.string()),
    })
    .optional(),
  layout: z.enum(LAYOUTS).optional(),
});

/** Which images were scored. */
export interface ScoredImages {
  readonly name: string;
  readonly split: string;
  /** Images scored. */
  readonly n: number;
  readonly sampling: "full" | "class-balanced";
  /** Number of images the sample was drawn from; equals `n` if all were used. */
  readonly population: number;
  /** Seed of the sample; null if all were used. */
  readonly sampleSeed: number | null;
  readonly classNames: readonly string[];
  /** Images of each class among the `n`. */
  readonly classCounts: readonly number[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export const imagesSchema: z.ZodType<ScoredImages> = z
  .object({
    name,
    split: z.string(),
    n: positive,
    sampling: z.enum(["full", "class-balanced"]),
    population: positive,
    sampleSeed: z.number().nullable(),
    classNames: z.array(z.string()).min(1),
    classCounts: z.array(count),
    channels: positive,
    height: positive,
    width: positive,
  })
  .refine((d) => d.classCounts.length === d.classNames.length, "classCounts and classNames differ in length")
  .refine((d) => d.classCounts.reduce((a, b) => a + b, 0) === d.n, "classCounts do not sum to n");

/** How a model was trained, thinned for plotting. Losses that were not finite are null. */
export interface TrainingSummary {
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  /** `loss` is the total loss; `terms` are its parts by name, each as long as `step`. */
  readonly curve: {
    readonly step: readonly number[];
    readonly loss: readonly (number | null)[];
    readonly terms?: Readonly<Record<string, readonly (number | null)[]>> | undefined;
  };
  readonly validation: readonly ValidationPoint[];
  /** Step of the weights kept. */
  readonly bestStep?: number | undefined;
}

/** Accuracy on the validation images at one step of a training. */
export interface ValidationPoint {
  readonly step: number;
  readonly n: number;
  readonly cleanAccuracy: number;
  /** Under the validation attack named in `settings`; null if none was run. */
  readonly robustAccuracy: number | null;
}

const losses = z.array(z.number().nullable());

const trainingSchema: z.ZodType<TrainingSummary> = z
  .object({
    settings: z.record(z.string(), scalarSchema),
    steps: count,
    epochs: z.number().min(0),
    seconds,
    curve: z.object({
      step: z.array(z.number()),
      loss: losses,
      terms: z.record(z.string(), losses).optional(),
    }),
    validation: z.array(
      z.object({ step: count, n: positive, cleanAccuracy: fraction, robustAccuracy: fraction.nullable() }),
    ),
    bestStep: count.optional(),
  })
  .refine(
    ({ curve }) =>
      [curve.loss, ...Object.values(curve.terms ?? {})].every(
        (column) => column.length === curve.step.length,
      ),
    "a column of the loss curve is not as long as its steps",
  );

/** A preprocessing, and the options that select it. */
export interface NamedPreprocessing {
  /** For example `-1 to 1`. */
  readonly name: string;
  /** The command-line options that select it. */
  readonly options: string;
}

/** The preprocessing with which a model was right most often on a few labelled images. */
export interface PreprocessingGuess extends NamedPreprocessing {
  /** Number of images in the trial, and how many the model got right. */
  readonly images: number;
  readonly correct: number;
  /** Others that the trial cannot tell apart from it. */
  readonly asGood: readonly NamedPreprocessing[];
}

/** An unsupported node, why, and what would be needed. */
export interface UnreadNode {
  readonly node: string;
  readonly op: string;
  readonly problem: string;
  readonly needed: string;
}

/** What a result says about a model. */
export interface ModelInfo {
  /** Unique in the result; everything else refers to it. */
  readonly name: string;
  readonly recipe: string | null;
  readonly path: string;
  /** Of `model.onnx`, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly architecture: string;
  readonly parameterCount: number;
  /** How pixels x in [0, 1] become its input, and the source of that; absent for a model saved by holdfast. */
  readonly preprocessing?: string | undefined;
  /** Set if nothing says it and a trial chose it. */
  readonly guess?: PreprocessingGuess | undefined;
  /** For a model that runs as an unchanged file, without a gradient: every unsupported node. */
  readonly unread?: readonly UnreadNode[] | undefined;
  readonly training?: TrainingSummary | undefined;
}

const namedPreprocessing = { name, options: z.string() };

export const modelSchema: z.ZodType<ModelInfo> = z.object({
  name,
  recipe: z.string().nullable(),
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "not 64 hexadecimal digits"),
  architecture: z.string(),
  parameterCount: count,
  preprocessing: z.string().optional(),
  guess: z
    .object({
      ...namedPreprocessing,
      images: positive,
      correct: count,
      asGood: z.array(z.object(namedPreprocessing)),
    })
    .optional(),
  unread: z
    .array(z.object({ node: z.string(), op: z.string(), problem: z.string(), needed: z.string() }))
    .optional(),
  training: trainingSchema.optional(),
});
