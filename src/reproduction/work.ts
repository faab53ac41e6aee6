import { join } from "node:path";
import { createTarget, type Compile, type Target } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import { loadClassifier, type Classifier } from "../models/index.js";
import { createGenerator, type RandomGenerator } from "../tensor/index.js";
import { openTestImages, type ReproducedDataset } from "./datasets.js";
import { defendedAtTest, runPaths, verifyRun } from "../training/index.js";
import type { Piece } from "./piece.js";
import type { PlannedRow } from "./plan.js";
import type { Preset } from "./presets.js";
import type { Store } from "./store.js";

/** What every piece of work receives. */
export interface Workplace {
  readonly store: Store;
  readonly preset: Preset;
  readonly threads: number;
  readonly tool: { readonly name: string; readonly version: string };
  readonly signal?: AbortSignal | undefined;
  readonly compile?: Compile | undefined;
  /** The scored images of a dataset, opened once for all pieces. */
  readonly testImages: (dataset: ReproducedDataset) => Promise<Dataset>;
  /** Progress of the current piece, in its own units. */
  readonly onProgress: (done: number, total: number, text: string) => void;
  /** Messages for the user, such as a training's warning. */
  readonly onNote: (text: string) => void;
}

/** The finished classifier of a training. */
export async function loadTrained({ store }: Workplace, train: Piece): Promise<Classifier> {
  return loadClassifier(await modelPath(store, train));
}

/** The classifier that a row scores: the trained one, with any layers that its defence adds at test time. */
export async function loadDefended(work: Workplace, { recipe, training }: PlannedRow): Promise<Classifier> {
  if (training.recipe === recipe) return loadTrained(work, training.piece);
  return defendedAtTest(join(await work.store.folder(training.piece), RUN), recipe.model);
}

/** @throws InputError if a file of the finished training is missing or has changed. */
export async function modelPath(store: Store, train: Piece): Promise<string> {
  const { folder, model } = runPaths(join(await store.folder(train), RUN));
  try {
    await verifyRun(folder);
    return model;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError({
      place: error.place,
      problem: `${error.problem}, although its training is marked as finished`,
      remedy: `Delete the folder ${await store.folder(train)}; the model will be trained again.`,
      cause: error,
    });
  }
}

/** Name of the run folder in a training's folder. */
export const RUN = "run";

/** Opens a classifier as a target for the duration of `use`. */
export async function withTarget<T>(
  work: Workplace,
  classifier: Classifier,
  use: (target: Target) => Promise<T>,
): Promise<T> {
  const target = openTarget(work, classifier);
  try {
    return await use(target);
  } finally {
    await target.dispose();
  }
}

/** The caller must dispose of it. */
export function openTarget({ preset, threads, compile }: Workplace, classifier: Classifier): Target {
  const { batchSize } = preset;
  return createTarget(classifier, { batchSize, threads, ...(compile === undefined ? {} : { compile }) });
}

/** Opens each dataset's scored images when they are first asked for, and never again. */
export function openTestImagesOnce(limit: number | null): Workplace["testImages"] {
  const opened = new Map<ReproducedDataset, Promise<Dataset>>();
  return (dataset) => {
    const images = opened.get(dataset) ?? openTestImages(dataset, limit);
    opened.set(dataset, images);
    return images;
  };
}

/** Evaluation draws from seed 0, whatever the seed of the training. */
export const RANDOM: RandomGenerator = createGenerator(0);
