/** Accuracy under corruptions that nobody chose against the model: noise, blur, weather, compression. */
import { z } from "zod";
import {
  CORRUPTIONS,
  SEVERITIES,
  type Corruption,
  type CorruptionScale,
  type Severity,
} from "../../data/corruptions/names.js";
import { scoreFields, type Score } from "./measurements.js";
import { fraction, name } from "./values.js";

/** A model's predictions for every image under one kind at one severity. */
export interface CorruptedMeasurement extends Score {
  readonly corruption: Corruption;
  readonly severity: Severity;
  /** In the order of the clean measurement's `perImage`; −1 if a logit was NaN. */
  readonly predictions?: readonly number[] | undefined;
}

/** An earlier result, to divide errors by. */
export interface CorruptionBaseline {
  /** Name of its model. */
  readonly model: string;
  /** Mean error over the severities, by kind. */
  readonly errors: Readonly<Partial<Record<Corruption, number>>>;
}

/** Everything a result says about accuracy under corruptions. */
export interface CorruptionResults {
  /** The benchmark whose strengths define the severities. */
  readonly scale: CorruptionScale;
  /** `made`: holdfast's own textures; otherwise the SHA-256 of the given pictures. */
  readonly frost: string;
  /** Every model, kind and severity. */
  readonly measurements: readonly CorruptedMeasurement[];
  readonly baseline?: CorruptionBaseline | undefined;
}

const measurementSchema: z.ZodType<CorruptedMeasurement> = z.object({
  ...scoreFields,
  corruption: z.enum(CORRUPTIONS),
  severity: z.literal(SEVERITIES),
  predictions: z.array(z.int()).optional(),
});

export const corruptionsSchema: z.ZodType<CorruptionResults> = z.object({
  scale: z.enum(["imagenet", "tiny-imagenet", "cifar"]),
  frost: name,
  measurements: z.array(measurementSchema),
  baseline: z.object({ model: name, errors: z.partialRecord(z.enum(CORRUPTIONS), fraction) }).optional(),
});
