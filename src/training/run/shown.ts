/** A few validation images under the attack of the latest validation, for the page of a training. */
import sharp from "sharp";
import { z } from "zod";
import { createTarget, runAttack, type Compile } from "../../attacks/index.js";
import { pixelBytes, type Batch, type Dataset } from "../../data/index.js";
import { checkShape, readJson, replaceFile } from "../../files/index.js";
import { withInitializers } from "../../graph/index.js";
import type { Classifier } from "../../models/index.js";
import { createGenerator } from "../../tensor/index.js";
import type { TrainingSettings } from "../settings/index.js";
import { shippedWeights, type TrainingState } from "../state.js";
import { planValidation } from "../validate.js";

/** Number of images, spread evenly over the validation images: the same at every validation. */
const COUNT = 6;
/** Photographs are scaled down to this longer side, so that all pictures together stay below 200 kB. */
const LONGEST_SIDE = 64;
/** Images per run of the model. Products of fewer rows may be summed in another order, so their last bits differ. */
const ROWS = 4;

/** A picture and the model's prediction for it. */
export interface SeenImage {
  /** −1 if a logit is NaN. */
  readonly prediction: number;
  /** In base64. */
  readonly png: string;
}

/** A validation image, clean and under attack. */
export interface ShownImage {
  readonly fileName: string;
  readonly label: number;
  readonly clean: SeenImage;
  /** Null if the recipe has no adversary. */
  readonly adversarial: SeenImage | null;
}

/** `validation.json` of a run folder: images of the latest validation. */
export interface ShownImages {
  readonly step: number;
  readonly images: readonly ShownImage[];
}

const seenSchema = z.object({ prediction: z.int().min(-1), png: z.base64() });
const shownSchema: z.ZodType<ShownImages> = z.object({
  step: z.int().min(0),
  images: z.array(
    z.object({
      fileName: z.string(),
      label: z.int().min(0),
      clean: seenSchema,
      adversarial: seenSchema.nullable(),
    }),
  ),
});

/**
 * Attacks a few validation images as the validation after this step did, and writes them to `path`. The outcome depends only
 * on the weights, the data and the settings, so a resumed run writes the same bytes.
 *
 * @throws InputError if the file cannot be written.
 */
export async function saveShown(
  path: string,
  { classifier, dataset, settings, compile }: ShownSource,
  state: TrainingState,
): Promise<void> {
  const { recipe, seed, threads } = settings;
  const batch = await readBatch(dataset);
  const weights = shippedWeights(classifier, state);
  const target = createTarget(
    { ...classifier, graph: withInitializers(classifier.graph, weights) },
    { batchSize: Math.min(ROWS, dataset.length), threads, compile },
  );
  try {
    const planned = planValidation(recipe.adversary, settings.validation.steps);
    const outcome = await runAttack(target, planned, batch, { random: createGenerator(seed) });
    const images = Array.from(batch.indices, async (index, i): Promise<ShownImage> => {
      const seen = async (images: Float32Array, predictions: Int32Array): Promise<SeenImage> => ({
        prediction: predictions[i]!,
        png: await encodePng(images.subarray(i * target.imageSize, (i + 1) * target.imageSize), dataset),
      });
      return {
        fileName: dataset.fileName(index),
        label: batch.labels[i]!,
        clean: await seen(batch.images, outcome.cleanPrediction),
        adversarial:
          recipe.adversary === undefined
            ? null
            : await seen(outcome.adversarial, outcome.adversarialPrediction),
      };
    });
    const shown: ShownImages = { step: state.step, images: await Promise.all(images) };
    await replaceFile(path, `${JSON.stringify(shown)}\n`);
  } finally {
    await target.dispose();
  }
}

/** What the images are made from. */
export interface ShownSource {
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly settings: TrainingSettings;
  readonly compile: Compile;
}

/** @throws InputError if the file is damaged. */
export async function readShown(path: string): Promise<ShownImages> {
  const refusal = {
    problem: "does not hold the images of a validation",
    remedy: "Delete the file. The next validation writes it again.",
  };
  return checkShape(shownSchema, await readJson(path, refusal), path, refusal);
}

async function readBatch(dataset: Dataset): Promise<Batch> {
  const { channels, height, width, labels } = dataset;
  const size = Math.min(COUNT, dataset.length);
  const indices = Uint32Array.from({ length: size }, (_, i) => Math.floor((i * dataset.length) / size));
  const images = new Float32Array(size * channels * height * width);
  for (const [i, index] of indices.entries()) {
    await dataset.read(index, images.subarray((i * images.length) / size, ((i + 1) * images.length) / size));
  }
  return { images, labels: Int32Array.from(indices, (index) => labels[index]!), indices, size };
}

/** `[C, H, W]` in [0, 1] with one channel or three, as a PNG in base64. */
async function encodePng(
  planes: Float32Array,
  { channels, height, width }: Pick<Dataset, "channels" | "height" | "width">,
): Promise<string> {
  const raw = { width, height, channels: channels as 1 | 3 };
  const picture = sharp(pixelBytes(planes, { channels, height, width }), { raw });
  if (Math.max(height, width) > LONGEST_SIDE) picture.resize(LONGEST_SIDE, LONGEST_SIDE, { fit: "inside" });
  return (await picture.png({ compressionLevel: 9 }).toBuffer()).toString("base64");
}
