import {
  attackImages,
  imagesOf,
  type AttackedImage,
  type Done,
  type PlannedAttack,
  type RunContext,
  type Target,
  type Verdict,
} from "../attacks/index.js";
import { placesOf, type Dataset } from "../data/index.js";
import { datasetBatches } from "./batches.js";

/** The outcome for one image of a dataset. */
export interface Outcome extends Done<Verdict> {
  /** Place in this dataset. */
  readonly place: number;
  /** Place in the dataset that this one was drawn from. */
  readonly index: number;
  readonly label: number;
}

export interface AttackDatasetOptions extends RunContext {
  /** Places of the images to attack; all by default. */
  readonly places?: readonly number[] | undefined;
  /** The class that every image should be taken for; by default any but its label. */
  readonly aim?: number | undefined;
  /** After each run of the model: how many images were in it, and whether their gradients were computed. */
  readonly onRun?: ((kind: "forward" | "gradient", images: number) => void) | undefined;
}

/**
 * Attacks the images of a dataset. Yields outcomes as soon as they are known, in any order. None depends on the others or
 * on the target's batch size.
 */
export async function* attackDataset(
  target: Target,
  dataset: Dataset,
  planned: PlannedAttack,
  { places, aim, onRun, ...context }: AttackDatasetOptions,
): AsyncGenerator<Outcome> {
  const { imageSize, batchSize } = target;
  async function* images(): AsyncGenerator<AttackedImage> {
    for await (const batch of datasetBatches(dataset, batchSize, places)) {
      const targets = aim === undefined ? {} : { targets: batch.labels.map(() => aim) };
      yield* imagesOf({ ...batch, ...targets }, imageSize);
    }
  }
  const counted = {
    ...context,
    onRun: onRun && (({ kind }: { kind: "forward" | "gradient" }, n: number) => onRun(kind, n)),
  };
  for await (const done of attackImages(target, planned, images(), counted)) {
    const place = places?.[done.place] ?? done.place;
    yield {
      ...done,
      place,
      index: placesOf(dataset, Uint32Array.of(place))[0]!,
      label: dataset.labels[place]!,
    };
  }
}
