/** Evaluates the models on the command line on its images. */
import type { EvaluateOptions, ModelUnderTest, Result } from "../evaluation/index.js";
import type { AnyClassifier, KnownImageShape } from "../models/index.js";
import type { Device } from "../runtime/index.js";
import { describeAttack, type AttackOptions, type Given } from "./attack-options.js";
import { openAskedDevice } from "./device.js";
import { openSample, ownShape, usualEpsilons } from "./images.js";
import { loadAnyModel, withUniqueNames, type LoadedModel, type ModelOptions } from "./models.js";
import { settleModel } from "./settle.js";
import type { CommonOptions, ComputeOptions, DataOptions, MapOptions } from "./shared-options.js";
import type { Progress, Terminal } from "./terminal.js";

export interface EvaluateFilesOptions
  extends CommonOptions, ComputeOptions, DataOptions, MapOptions, AttackOptions, ModelOptions {}

/** Models and images, loaded and ready. */
export interface OpenedEvaluation {
  /** The device; undefined for the CPU. */
  readonly device: Device | undefined;
  readonly models: readonly ModelUnderTest<AnyClassifier>[];
  readonly sample: Awaited<ReturnType<typeof openSample>>;
  /** Options common to every evaluation. */
  readonly common: EvaluateOptions & { readonly epsilons: readonly number[] };
  /** Images, attack and radii in words. */
  readonly description: string;
}

/** Reads the models, one after the other, and the images; all models get the images that fit the first. */
export async function openEvaluation(
  paths: readonly string[],
  options: EvaluateFilesOptions,
  given: Given,
  terminal: Terminal,
): Promise<OpenedEvaluation> {
  // Before large models and data are read.
  const device = await openAskedDevice(options, terminal);
  const loaded: LoadedModel<AnyClassifier>[] = [];
  const imageShape = (): Promise<KnownImageShape> => shapeOf(loaded[0], options);
  for (const path of paths) {
    const model = await loadAnyModel(path, options, terminal, imageShape);
    loaded.push(await settleModel(model, options, terminal));
  }
  const models = withUniqueNames(loaded);
  const sample = await openSample(options, options.seed, [models[0]!, ...models.slice(1)], terminal);
  const { norm, attack, seed, threads } = options;
  const { batchWithin } = await import("../evaluation/index.js");
  const batchSize = await batchWithin(
    models.map(({ classifier }) => classifier),
    {
      batchSize: Math.min(options.batchSize, sample.dataset.length),
      attack,
      norm,
      memory: options.memory,
      onWarning: (message) => terminal.warn(message),
    },
  );
  const epsilons = options.epsilon ?? usualEpsilons(options.data, norm);
  return {
    device,
    models,
    sample,
    common: {
      norm,
      epsilons,
      headline: epsilons.at(-1)!,
      attack,
      options: given,
      batchSize,
      seed,
      ...(threads === undefined ? {} : { threads }),
    },
    description:
      `${sample.dataset.length} of ${sample.population} images of ${sample.dataset.name} (${sample.dataset.split}), seed ${seed}\n` +
      describeAttack(options, given, epsilons),
  };
}

/** Runs an opened evaluation with progress, and saves each image's outcome in `keepIn` as it arrives. */
export async function runEvaluation(
  { models, sample, device }: OpenedEvaluation,
  asked: EvaluateOptions,
  terminal: Terminal,
  keepIn?: string,
): Promise<Result> {
  const { evaluateModels } = await import("../evaluation/index.js");
  let progress: Progress | undefined;
  try {
    return await evaluateModels(models, sample, asked, {
      onEvent(event) {
        if (event.type === "plan") progress = terminal.progress(event.work, "gradients");
        else if (event.type === "progress") progress?.at(event.done, event.label);
      },
      device,
      keepIn,
      onKept: (outcomes) => terminal.note(`continuing from ${keepIn}: ${outcomes} outcomes are done`),
    });
  } finally {
    progress?.stop();
  }
}

async function shapeOf(
  first: LoadedModel<AnyClassifier> | undefined,
  options: DataOptions,
): Promise<KnownImageShape> {
  if (first === undefined) return ownShape(options);
  const { channels, height, width } = first.classifier;
  return { channels, size: [height, width] };
}
