import { openDataset, splitOff, takeSample, type Dataset, type OpenOptions } from "../../data/index.js";
import { UsageError } from "../../errors/index.js";
import { sha256Of } from "../../files/index.js";
import { createGenerator } from "../../tensor/index.js";
import type { TrainingData } from "../loop.js";
import { DEFAULT_TRAINING, type TrainingSettings } from "../settings/index.js";
import type { RunConfig } from "./folder.js";

/** Options of a run for its training images: see `RunOptions`. */
interface TrainingImages {
  readonly data: string;
  readonly dataOptions?: OpenOptions | undefined;
  readonly opened?: Dataset | undefined;
  readonly limit?: number | undefined;
  readonly settings: TrainingSettings;
}

/** The training images, or a sample of them. */
export async function openTraining(options: TrainingImages): Promise<Dataset> {
  const dataset =
    options.opened ?? (await openDataset(options.data, { split: "train", ...options.dataOptions }));
  if (options.limit === undefined) return dataset;
  return takeSample(dataset, options.limit, createGenerator(options.settings.seed));
}

/** Largest share of the training images for the default number of validation images. */
const VALIDATION_SHARE = 1 / 5;

/** The run with a number of validation images that suits its data: the default number, or a fifth if that is less. */
export async function withUsualValidation<Run extends TrainingImages>(options: Run): Promise<Run> {
  const opened = await openTraining({ ...options, limit: undefined });
  const { length } = opened;
  const used = Math.min(length, options.limit ?? length);
  const images = Math.min(DEFAULT_TRAINING.validation.images, Math.floor(VALIDATION_SHARE * used));
  const { settings } = options;
  return { ...options, opened, settings: { ...settings, validation: { ...settings.validation, images } } };
}

/** Sets aside the validation images, by which weights are chosen. */
export async function splitData(
  { settings, validationData, dataOptions }: RunConfig,
  dataset: Dataset,
): Promise<TrainingData> {
  const { images } = settings.validation;
  const random = createGenerator(settings.seed);
  if (images === 0) return { train: dataset, validation: undefined };
  if ((validationData ?? null) !== null) {
    const validation = await openDataset(validationData!, dataOptions);
    return {
      train: dataset,
      validation: images < validation.length ? takeSample(validation, images, random) : validation,
    };
  }
  const parts = splitOff(dataset, { count: images }, random);
  return { train: parts.remaining, validation: parts.taken };
}

/** The validation images of a run, by which it chooses weights. @throws UsageError if it has none. */
export async function openValidation(config: RunConfig): Promise<Dataset> {
  const dataset = await openTraining({ ...config, limit: config.limit ?? undefined });
  const { validation } = await splitData(config, dataset);
  if (validation !== undefined) return validation;
  throw new UsageError({
    place: config.data,
    problem: "no images were set aside for validation",
    remedy: "Train with --validation N.",
  });
}

/** A resumed run must read the same data. */
export function labelsSha256({ labels }: Dataset): string {
  return sha256Of(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
}
