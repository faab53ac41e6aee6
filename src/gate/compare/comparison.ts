/** The comparison of two models, as written to a file. */
import { z } from "zod";
import { toolSchema, type Interval, type ThreatInfo, type ToolInfo } from "../../evaluation/results.js";
import { NORMS } from "../../attacks/cards/index.js";
import type { PairedCounts } from "./paired.js";

/** Raised when a change breaks readers of the older shape. */
export const comparisonSchemaVersion = 1;

/** One of the two models of a comparison. */
export interface ComparedModel {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  /** Size of the file with its external data; null if the file was not available. */
  readonly bytes: number | null;
  /** Median time of one image through ONNX Runtime, with the file unchanged; null if it was not measured. */
  readonly milliseconds: number | null;
}

/** A share of right predictions, with its interval. */
export interface Accuracy {
  readonly correct: number;
  readonly accuracy: number;
  /** Wilson, 95 %. */
  readonly interval: Interval;
}

/** An image on which one model is right and the other wrong. */
export interface ChangedImage {
  /** Its place in the dataset. */
  readonly index: number;
  /** Null if only results were compared, because results have no names. */
  readonly fileName: string | null;
  readonly label: number;
  /** Predictions of the first and the second model; under attack, each for its own adversarial image. −1: NaN. */
  readonly predictions: readonly [number, number];
}

/** Both models on the same images, clean or each under its own attack. */
export interface PairedMeasurement {
  /** Null: clean. */
  readonly attack: string | null;
  readonly threat: ThreatInfo | null;
  readonly first: Accuracy;
  readonly second: Accuracy;
  readonly counts: PairedCounts;
  /** Second − first; Newcombe's method 10, 95 %. */
  readonly difference: Interval & { readonly difference: number };
  /** Two-sided, of McNemar's exact test. */
  readonly pValue: number;
  readonly changed: {
    /** Only the first is right. */
    readonly lost: readonly ChangedImage[];
    /** Only the second is right. */
    readonly gained: readonly ChangedImage[];
  };
}

/** Adversarial images of one model, tried on the other. */
export interface TransferredAccuracy extends Accuracy {
  readonly source: string;
  readonly model: string;
  readonly attack: string;
  readonly threat: ThreatInfo;
}

/** A warning of `holdfast evaluate` about one of the models. */
export interface ComparisonWarning {
  readonly code: string;
  readonly severity: "warning" | "serious";
  readonly message: string;
}

/** What `holdfast compare --out` writes (`schemas/comparison.schema.json`). */
export interface Comparison {
  readonly kind: "comparison";
  readonly schemaVersion: typeof comparisonSchemaVersion;
  readonly tool: ToolInfo;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly dataset: {
    readonly name: string;
    readonly split: string;
    readonly n: number;
    readonly population: number;
    readonly sampleSeed: number | null;
    readonly classNames: readonly string[];
  };
  readonly seed: number;
  readonly models: readonly [ComparedModel, ComparedModel];
  readonly measurements: readonly PairedMeasurement[];
  /** Empty if each was evaluated alone. */
  readonly transfer: readonly TransferredAccuracy[];
  /** Warnings that an accuracy of one of the models means less than it seems; `serious`: it is false, and so is the difference. */
  readonly warnings: readonly ComparisonWarning[];
}

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const confidence = z.number().min(0).max(1);
const interval = z.strictObject({ low: share, high: share, confidence });
const threat = z.strictObject({ norm: z.enum(NORMS), epsilon: z.number().min(0) });
const accuracy = z.strictObject({ correct: count, accuracy: share, interval });
const model = z.strictObject({
  name: z.string().min(1),
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count.nullable().describe("of the file and its external data"),
  milliseconds: z.number().min(0).nullable().describe("median of one image through ONNX Runtime"),
});
const changed = z.array(
  z.strictObject({
    index: count,
    fileName: z.string().nullable(),
    label: count,
    predictions: z.tuple([z.int(), z.int()]).describe("of the first and the second model; -1: NaN"),
  }),
);

export const comparisonSchema: z.ZodType<Comparison> = z.strictObject({
  kind: z.literal("comparison"),
  schemaVersion: z.literal(comparisonSchemaVersion),
  tool: toolSchema,
  date: z.string(),
  dataset: z.strictObject({
    name: z.string(),
    split: z.string(),
    n: z.int().min(1),
    population: z.int().min(1),
    sampleSeed: count.nullable(),
    classNames: z.array(z.string()),
  }),
  seed: count,
  models: z.tuple([model, model]),
  measurements: z.array(
    z.strictObject({
      attack: z.string().nullable().describe("null: clean images"),
      threat: threat.nullable(),
      first: accuracy,
      second: accuracy,
      counts: z.strictObject({ both: count, firstOnly: count, secondOnly: count, neither: count }),
      difference: z
        .strictObject({
          difference: z.number().min(-1).max(1),
          low: z.number().min(-1).max(1),
          high: z.number().min(-1).max(1),
          confidence,
        })
        .describe("second - first, Newcombe's method 10 for paired proportions"),
      pValue: share.describe("two-sided, McNemar's exact test"),
      changed: z.strictObject({ lost: changed, gained: changed }),
    }),
  ),
  transfer: z.array(accuracy.extend({ source: z.string(), model: z.string(), attack: z.string(), threat })),
  warnings: z.array(
    z.strictObject({ code: z.string(), severity: z.enum(["warning", "serious"]), message: z.string() }),
  ),
});

/** JSON Schema (draft 2020-12) of what `holdfast compare --out` writes. */
export function comparisonJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(comparisonSchema, { io: "input" }), title: "holdfast comparison" };
}
