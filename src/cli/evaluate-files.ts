/** Models that the command line names, evaluated on the images that it names. */
import type { EvaluateOptions, Result } from "../evaluation/index.js";
import type { AnyClassifier, KnownImageShape } from "../models/index.js";
import { describeAttack, type AttackOptions, type Given } from "./attack-options.js";
import { openSample, ownShape, usualEpsilons } from "./images.js";
import { loadAnyModel, withUniqueNames, type LoadedModel, type ModelOptions } from "./models.js";
import { settleModel } from "./settle.js";
import type { CommonOptions, ComputeOptions, DataOptions, MapOptions } from "./shared-options.js";
import type { Progress, Terminal } from "./terminal.js";
import { toolInfo } from "./tool.js";

export interface EvaluateFilesOptions
  extends CommonOptions, ComputeOptions, DataOptions, MapOptions, AttackOptions, ModelOptions {}

export interface Evaluated {
  readonly result: Result;
  /** Names of the images in the order in which they were scored. */
  readonly fileName: (place: number) => string;
}

/** What {@link evaluateFiles} is told beside what was typed. */
interface Asked extends Pick<EvaluateOptions, "budget" | "threshold" | "checks"> {
  /** Of the attack. */
  readonly given: Given;
  /** Whether each model's adversarial images are tried on the others. */
  readonly transfer: boolean;
}

/** Evaluates the models on the same images; an outcome of each image is kept in `keepIn` as it comes. */
export async function evaluateFiles(
  paths: readonly string[],
  options: EvaluateFilesOptions & Asked,
  terminal: Terminal,
): Promise<Evaluated> {
  const { evaluateModels } = await import("../evaluation/index.js");
  const loaded: LoadedModel<AnyClassifier>[] = [];
  const imageShape = (): Promise<KnownImageShape> => shapeOf(loaded[0], options);
  for (const path of paths) {
    const model = await loadAnyModel(path, options, terminal, imageShape);
    loaded.push(await settleModel(model, options, terminal));
  }
  const models = withUniqueNames(loaded);
  const sample = await openSample(options, options.seed, [models[0]!, ...models.slice(1)], terminal);
  const { norm, attack, given, seed, batchSize, threads } = options;
  const epsilons = options.epsilon ?? usualEpsilons(options.data, norm);
  terminal.note(
    `${sample.dataset.length} of ${sample.population} images of ${sample.dataset.name} (${sample.dataset.split}), seed ${seed}\n` +
      describeAttack(options, given, epsilons),
  );
  let progress: Progress | undefined;
  try {
    const result = await evaluateModels(
      models,
      sample,
      {
        norm,
        epsilons,
        headline: epsilons.at(-1)!,
        attack,
        options: given,
        transferFrom: options.transfer ? models.map(({ name }) => name) : [],
        examples: 0,
        checks: options.checks ?? true,
        batchSize,
        ...(threads === undefined ? {} : { threads }),
        seed,
        budget: options.budget,
        threshold: options.threshold,
      },
      toolInfo(),
      {
        onEvent(event) {
          if (event.type === "plan") progress = terminal.progress(event.work, "gradients");
          else if (event.type === "progress") progress?.at(event.done, event.label);
        },
      },
    );
    return { result, fileName: (place) => sample.dataset.fileName(place) };
  } finally {
    progress?.stop();
  }
}

/** All are given the same images: those that fit the first. */
async function shapeOf(
  first: LoadedModel<AnyClassifier> | undefined,
  options: DataOptions,
): Promise<KnownImageShape> {
  if (first === undefined) return ownShape(options);
  const { channels, height, width } = first.classifier;
  return { channels, size: [height, width] };
}
