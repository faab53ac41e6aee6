/**
 * Batches in an order that is a pure function of (seed, step), prepared ahead in worker threads. Training
 * can resume at any step, and the bytes do not depend on the number of workers.
 */
import { UsageError } from "../../errors/index.js";
import { coreCount } from "../../files/index.js";
import type { RandomGenerator } from "../../tensor/index.js";
import type { Batch, Dataset } from "../dataset/index.js";
import { checkAugmentation, createAugmenter, type Augmentation } from "../pixels/index.js";
import { createIndexer, fillFromDataset, fillImages, planBatches, toBatch } from "./batch.js";
import { createPool, type WorkerPool } from "./pool.js";

/** How batches are made. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Source of the order of each epoch and of every augmentation. */
  readonly random: RandomGenerator;
  /** Whether each epoch has a new order; true by default. Otherwise the dataset's order is used. */
  readonly shuffle?: boolean | undefined;
  /** Leave out the smaller last batch of an epoch; by default when shuffling (graphs are static). */
  readonly dropLast?: boolean | undefined;
  /** None by default. */
  readonly augmentation?: Augmentation | undefined;
  /** Batches to prepare ahead of the requested one; 2 by default. */
  readonly prefetch?: number | undefined;
  /**
   * Threads that prepare batches. By default none for small images in memory (preparing a batch takes less
   * time than sending it), otherwise one less than the number of cores, at least 1 and at most 4.
   */
  readonly workers?: number | undefined;
  /** Number of steps that will be requested; no later batch is prepared. Without shuffling, one epoch by default. */
  readonly steps?: number | undefined;
}

/** A source of batches by step. It holds threads: call `dispose` when you are done with it. */
export interface Loader {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Threads that prepare batches. */
  readonly workers: number;
  /**
   * The batch of `step`, counted from 0 across epochs. The next batches are prepared in the meantime.
   * The arrays belong to the caller.
   *
   * @throws InputError naming an image that cannot be decoded.
   */
  batch(step: number): Promise<Batch>;
  /** Batches of the steps [from, to); one epoch by default. */
  batches(from?: number, to?: number): AsyncGenerator<Batch, void, undefined>;
  /** Ends the threads; a second call does nothing. */
  dispose(): Promise<void>;
}

/** A `PixelSource` image of up to this many bytes is faster to copy than to send. */
const SMALL_IMAGE_BYTES = 4096;

/**
 * A loader over `dataset`.
 *
 * @throws UsageError if an option is out of range, or there is no full batch.
 * @example
 * ```ts
 * import { createGenerator, createLoader, openDataset } from "holdfast";
 *
 * const images = await openDataset("mnist:test");
 * const loader = createLoader(images, { batchSize: 32, random: createGenerator(0), shuffle: false });
 * for await (const { size, labels } of loader.batches()) console.log(size, labels[0]);
 * await loader.dispose();
 * ```
 */
export function createLoader(dataset: Dataset, options: LoaderOptions): Loader {
  const { batchSize, random, augmentation, shuffle = true, dropLast = shuffle } = options;
  checkOptions(dataset, options, dropLast);
  const plan = planBatches(dataset.length, batchSize, { shuffle, dropLast });
  const { stepsPerEpoch } = plan;
  const steps = options.steps ?? (shuffle ? Infinity : stepsPerEpoch);
  const workers = options.workers ?? defaultWorkers(dataset);
  const prefetch = options.prefetch ?? 2;
  const indicesOf = createIndexer(plan, random);
  const { images, dispose } = createImageMaker(dataset, augmentation, random, workers);
  const prepared = new Map<number, Promise<Batch>>();

  const prepare = (step: number): Promise<Batch> => {
    const indices = indicesOf(step);
    const batch = images(Math.floor(step / stepsPerEpoch), indices).then((pixels) =>
      toBatch(dataset, indices, pixels),
    );
    batch.catch(() => {}); // Reported when this step is asked for.
    prepared.set(step, batch);
    return batch;
  };
  const batch = async (step: number): Promise<Batch> => {
    if (!Number.isInteger(step) || step < 0) throw new RangeError(`step must be 0 or above, found ${step}`);
    for (const other of prepared.keys()) if (other < step || other > step + prefetch) prepared.delete(other);
    const asked = prepared.get(step) ?? prepare(step);
    prepared.delete(step);
    for (let ahead = step + 1; ahead <= step + prefetch && ahead < steps; ahead++) {
      if (!prepared.has(ahead)) void prepare(ahead);
    }
    return asked;
  };
  return {
    batchSize,
    stepsPerEpoch,
    workers: dataset.source === undefined ? 0 : workers,
    batch,
    async *batches(from = 0, to = from + stepsPerEpoch) {
      for (let step = from; step < to; step++) yield await batch(step);
    },
    dispose,
  };
}

interface ImageMaker {
  images(epoch: number, indices: Uint32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** In this thread, or in a pool that is started with the first batch. */
function createImageMaker(
  dataset: Dataset,
  augmentation: Augmentation | undefined,
  random: RandomGenerator,
  workers: number,
): ImageMaker {
  const { source, sourceIndices } = dataset;
  if (source === undefined || workers === 0) {
    const augment = augmentation === undefined ? undefined : createAugmenter(augmentation, dataset, random);
    return {
      images: (epoch, indices) =>
        source === undefined
          ? fillFromDataset(dataset, augment, indices, epoch)
          : fillImages({ source, sourceIndices, augment }, indices, epoch),
      dispose: async () => {},
    };
  }
  let pool: WorkerPool | undefined;
  let disposed = false;
  return {
    images(epoch, indices) {
      if (disposed) return Promise.reject(new Error("the loader has been disposed"));
      pool ??= createPool(workers, { source, sourceIndices, augmentation, seed: random.seed });
      return pool.prepare({ epoch, indices });
    },
    async dispose() {
      disposed = true;
      await pool?.dispose();
    },
  };
}

function defaultWorkers({ source }: Dataset): number {
  if (source === undefined) return 0;
  const bytes = source.channels * source.height * source.width;
  if (source.kind === "pixels" && bytes <= SMALL_IMAGE_BYTES) return 0;
  return Math.max(1, Math.min(4, coreCount() - 1));
}

function checkOptions(dataset: Dataset, options: LoaderOptions, dropLast: boolean): void {
  const { batchSize, prefetch = 0, workers = 0, augmentation } = options;
  const whole = (place: string, value: number, least: number): void => {
    if (Number.isInteger(value) && value >= least) return;
    throw new UsageError({ place, problem: `must be a whole number of at least ${least}, found ${value}` });
  };
  whole("batch size", batchSize, 1);
  whole("prefetch", prefetch, 0);
  whole("workers", workers, 0);
  if (augmentation !== undefined) checkAugmentation(augmentation);
  if (dropLast && batchSize > dataset.length) {
    throw new UsageError({
      place: "batch size",
      problem: `${batchSize} is more than the ${dataset.length} images of ${dataset.name}`,
      remedy: `Use a batch size of at most ${dataset.length}.`,
    });
  }
}
