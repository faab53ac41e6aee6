import type { Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import { neededFor } from "../graph/index.js";
import { isOpaque, type AnyClassifier, type Classifier } from "../models/index.js";
import { toolInfo } from "../files/index.js";
import { runtimeInfo, type Device, type DeviceUse } from "../runtime/index.js";
import { evaluate, type EvaluatedModel, type EvaluateHooks, type Evaluation } from "./evaluate.js";
import { collectExamples } from "./examples.js";
import { checkFit } from "./fit.js";
import { isAttacked, type EvaluateOptions } from "./plan.js";
import { marksOf, openKept } from "./kept.js";
import { readAsLogits } from "./probabilities.js";
import { measuredResult } from "./measured-result.js";
import type { ModelInfo, Result, ScoredImages, ShardInfo, ToolInfo } from "./result/index.js";

/** A classifier, and the facts about it that the result states. */
export interface ModelUnderTest<C extends AnyClassifier = Classifier> extends EvaluatedModel<C> {
  readonly info: Omit<ModelInfo, "name" | "parameterCount" | "unread">;
}

/** The images to score, and what they were drawn from. */
export interface Sample {
  readonly dataset: Dataset;
  /** Number of images that the sample was drawn from; the dataset's length if it is the whole set. */
  readonly population: number;
  /** Seed of the draw; null if it is the whole set. */
  readonly seed: number | null;
}

/** What an evaluation keeps, and what it says of itself. */
export interface KeepOptions {
  /**
   * A file to save outcomes in as they arrive, so that the same evaluation can continue after a kill. The caller removes it
   * when the result is written. An image that transfers to other models is saved once they have classified it.
   */
  readonly keepIn?: string | undefined;
  /** Called with the number of outcomes found there. */
  readonly onKept?: ((outcomes: number) => void) | undefined;
  /** What the result says computed it: this package by default. */
  readonly tool?: ToolInfo | undefined;
  /** What models run on; the CPU by default. */
  readonly device?: Device | undefined;
}

/**
 * Evaluates models and returns the full result: measurements, gates, examples and provenance.
 *
 * @throws UsageError, InputError on wrong options or models; InterruptedError on abort.
 * @example
 * ```ts
 * import { createGenerator, evaluateModels, loadModelUnderTest, openDataset, takeSample } from "holdfast";
 *
 * const models = [await loadModelUnderTest("before.onnx"), await loadModelUnderTest("after.onnx")];
 * const whole = await openDataset("photos:test");
 * const dataset = takeSample(whole, 1000, createGenerator(0));
 * const result = await evaluateModels(
 *   models,
 *   { dataset, population: whole.length, seed: 0 },
 *   { epsilons: [4 / 255], attack: "standard", transferFrom: ["before", "after"] },
 *   { keepIn: "result.json.partial", onEvent: ({ type }) => console.error(type) },
 * );
 * for (const { model, kind, accuracy, interval } of result.measurements) console.log(model, kind, accuracy, interval);
 * ```
 */
export async function evaluateModels(
  models: readonly ModelUnderTest<AnyClassifier>[],
  images: Sample | Dataset,
  options: EvaluateOptions,
  given: EvaluateHooks & KeepOptions = {},
): Promise<Result> {
  const sample = asSample(images);
  const { device } = given;
  const hooks = device === undefined ? given : { ...given, compile: device.compile };
  const notes: string[] = [];
  const read: ModelUnderTest<AnyClassifier>[] = [];
  for (const model of models) {
    checkFit(model.name, model.classifier, sample.dataset);
    if (device !== undefined) checkRunsOn(device, model);
    const classifier = await readAsLogits(model.name, model.classifier, sample.dataset, {
      compile: hooks.compile,
      threads: options.threads,
      batchSize: options.batchSize,
      onNotice: (note) => notes.push(note),
    });
    read.push({ ...model, classifier });
  }
  const { keepIn, onKept, tool = toolInfo() } = hooks;
  const kept =
    keepIn === undefined
      ? undefined
      : await openKept(keepIn, read, sample.dataset, tool, options, device?.name);
  if (kept !== undefined && kept.others.length > 0) {
    notes.push(
      `Some outcomes come from an earlier run on ${kept.others.join(" and ")}, the others from ${device?.name ?? "cpu"}: ` +
        "devices round differently, so a few images may come out differently",
    );
  }
  if (kept !== undefined && kept.found > 0) onKept?.(kept.found);
  const evaluation = await evaluate(read, sample.dataset, options, { ...hooks, kept: kept ?? hooks.kept });
  const examples = await collectExamples(read, sample.dataset, evaluation, hooks);
  const shard = options.shard && {
    ...options.shard,
    images: sample.dataset.length,
    marks: marksOf(read, sample.dataset, tool, options),
    notes: notes.map((note) => `${note}.`),
  };
  return assembleResult({
    models: read,
    sample,
    evaluation,
    examples,
    tool,
    notes,
    shard,
    device: device?.use(),
  });
}

/** @throws InputError if the model runs as an unchanged file, which works on the CPU only. */
function checkRunsOn({ name: device }: Device, { name, classifier }: EvaluatedModel<AnyClassifier>): void {
  if (device === "cpu" || !isOpaque(classifier)) return;
  throw new InputError({
    place: `model ${name}`,
    problem: `has unsupported nodes, so its file runs unchanged, which works on the CPU only, not on ${device}`,
    remedy: "Give --device cpu.",
  });
}

/** A whole dataset is a sample of itself. */
function asSample(images: Sample | Dataset): Sample {
  return "dataset" in images ? images : { dataset: images, population: images.length, seed: null };
}

export interface ResultParts {
  readonly models: readonly ModelUnderTest<AnyClassifier>[];
  readonly sample: Sample;
  readonly evaluation: Evaluation;
  readonly examples: Result["examples"];
  readonly tool: ToolInfo;
  /** What was noticed about the models, and what was done about it. */
  readonly notes?: readonly string[];
  /** ISO 8601; now by default. */
  readonly date?: string;
  /** Set for a part of an evaluation. */
  readonly shard?: ShardInfo | undefined;
  /** What it ran on; the CPU by default. */
  readonly device?: DeviceUse | undefined;
}

/** Puts a result together and checks it against its own schema. */
export function assembleResult(parts: ResultParts): Result {
  const { models, sample, evaluation, examples, tool } = parts;
  const { plan, measurements } = evaluation;
  return measuredResult({
    tool,
    runtime: runtimeInfo(plan.threads, parts.device),
    ...(parts.date === undefined ? {} : { date: parts.date }),
    seed: plan.seed,
    dataset: describeSample(sample, evaluation.places),
    headline: isAttacked(plan) ? { norm: plan.norm, epsilon: plan.headline } : null,
    models: models.map(({ name, classifier, info }) => ({
      name,
      ...info,
      parameterCount: parametersOf(classifier),
      ...(isOpaque(classifier)
        ? { unread: classifier.unread.map((node) => ({ ...node, needed: neededFor(node) })) }
        : {}),
    })),
    measurements,
    ...(evaluation.corruptions && { corruptions: evaluation.corruptions }),
    ...(evaluation.checks.length === 0 ? {} : { checks: evaluation.checks }),
    examples,
    statements: (parts.notes ?? []).map((note) => `${note}.`),
    ...(evaluation.limits && { limits: evaluation.limits }),
    ...(parts.shard && { shard: parts.shard }),
  });
}

function parametersOf(classifier: AnyClassifier): number {
  if (isOpaque(classifier)) return classifier.parameterCount;
  const { parameters, graph } = classifier;
  return parameters.reduce((sum, name) => sum + (graph.initializers.get(name)?.data.length ?? 0), 0);
}

/** Describes the scored images for a result: the whole sample, or those at `places`. */
export function describeSample(
  { dataset, population, seed }: Sample,
  places?: readonly number[],
): ScoredImages {
  const counts = dataset.classNames.map(() => 0);
  const labels = places?.map((place) => dataset.labels[place]!) ?? dataset.labels;
  for (const label of labels) counts[label]! += 1;
  return {
    name: dataset.name,
    split: dataset.split,
    n: labels.length,
    sampling: seed === null ? "full" : "class-balanced",
    population,
    sampleSeed: seed,
    classNames: dataset.classNames,
    classCounts: counts,
    channels: dataset.channels,
    height: dataset.height,
    width: dataset.width,
  };
}
