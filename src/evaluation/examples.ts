import { accessOf, argMax, forwardGraph, openTarget, STEP } from "../attacks/index.js";
import type { Batch, Dataset } from "../data/index.js";
import {
  bindForInference,
  drawRandomInputs,
  fixedBatchSize,
  gridOf,
  isOpaque,
  type AnyClassifier,
  type BoundClassifier,
  type OpaqueClassifier,
} from "../models/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, tensor, zeroPadded, type Tensor } from "../tensor/index.js";
import { readBatch } from "./batches.js";
import type { EvaluatedModel, EvaluateHooks, Evaluation } from "./evaluate.js";
import { encodeMap, encodeRaster, type ImageShape } from "./raster.js";
import type { PlannedMeasurement } from "./plan.js";
import type { AttentionPair, Example, ExampleView } from "./result/index.js";
import { headlineOf } from "./within-access.js";

/**
 * Images for the report: a few that every model classifies correctly when clean, of different
 * classes if possible, each with its adversarial image, the perturbation and the attention
 * maps F(A) of every model at the headline ε. All examples come from one attack, so models without a gradient, which get
 * another attack, are shown only if there are no others.
 */
export async function collectExamples(
  models: readonly EvaluatedModel<AnyClassifier>[],
  dataset: Dataset,
  evaluation: Evaluation,
  hooks: EvaluateHooks = {},
): Promise<Example[]> {
  const { plan } = evaluation;
  const indices = Uint32Array.from(evaluation.shown);
  if (indices.length === 0) return [];
  const attackOn = (model: EvaluatedModel<AnyClassifier>): PlannedMeasurement | undefined =>
    headlineOf(accessOf(model.classifier), plan);
  const planned = models.map(attackOn).find((each) => each !== undefined);
  if (planned === undefined) return [];
  const imageSize = dataset.channels * dataset.height * dataset.width;
  const batch = await readBatch(dataset, indices, imageSize);
  const views: ExampleView[][] = Array.from(indices, () => []);
  for (const model of models.filter((each) => attackOn(each)?.name === planned.name)) {
    const seen = await viewsOf(model, batch, indices, evaluation, hooks);
    seen.forEach((view, i) => views[i]!.push(view));
  }
  // In a shard, or if time ran out, not every image was attacked; all are run, in the same batches.
  const isAttacked = (index: number): boolean =>
    models
      .filter((each) => attackOn(each)?.name === planned.name)
      .every(({ name }) => evaluation.adversarial.get(name)?.has(index) === true);
  const examples = Array.from(indices, (index, i) => ({
    index: batch.indices[i]!,
    fileName: dataset.fileName(index),
    label: dataset.labels[index]!,
    clean: encodeRaster(batch.images.subarray(i * imageSize, (i + 1) * imageSize), dataset),
    attack: planned.name,
    threat: planned.threat,
    views: views[i]!,
  }));
  return examples.filter((_, i) => isAttacked(indices[i]!));
}

/** The image under attack; zeros if there is none, which are never shown. */
function adversarialOf({ adversarial }: Evaluation, model: string, place: number): ArrayLike<number> {
  return adversarial.get(model)?.get(place) ?? [];
}

async function viewsOf(
  { name, classifier }: EvaluatedModel<AnyClassifier>,
  ...rest: Rest
): Promise<ExampleView[]> {
  return isOpaque(classifier)
    ? opaqueViews({ name, classifier }, ...rest)
    : graphViews({ name, classifier }, ...rest);
}

type Rest = [batch: Batch, places: Uint32Array, evaluation: Evaluation, hooks: EvaluateHooks];

/** A model without a graph has predictions but no maps. */
async function opaqueViews(
  { name, classifier }: EvaluatedModel<OpaqueClassifier>,
  batch: Batch,
  places: Uint32Array,
  evaluation: Evaluation,
  hooks: EvaluateHooks,
): Promise<ExampleView[]> {
  const imageSize = batch.images.length / batch.size;
  const perturbed = new Float32Array(batch.images.length);
  places.forEach((place, i) => perturbed.set(adversarialOf(evaluation, name, place), i * imageSize));
  const target = openTarget(classifier, {
    batchSize: Math.min(evaluation.plan.batchSize, batch.size),
    threads: evaluation.plan.threads,
    compile: hooks.compile,
  });
  try {
    const clean = await target.logits(batch.images);
    const attacked = await target.logits(perturbed);
    const looked = { images: batch.images, perturbed };
    return Array.from(places, (_, i) => {
      const said = {
        clean: confidenceOf(clean, i, target.classCount),
        adversarial: confidenceOf(attacked, i, target.classCount),
      };
      return { ...viewOf(name, classifier, imageSize, i, looked, said), attention: [] };
    });
  } finally {
    await target.dispose();
  }
}

async function graphViews(
  { name, classifier }: EvaluatedModel,
  batch: Batch,
  places: Uint32Array,
  evaluation: Evaluation,
  hooks: EvaluateHooks,
): Promise<ExampleView[]> {
  const { plan } = evaluation;
  const compiler = hooks.compile ?? compile;
  const common = plan.threads === undefined ? {} : { threads: plan.threads };
  const batchSize = fixedBatchSize(classifier) ?? Math.min(plan.batchSize, batch.size);
  const bound = bindForInference(classifier, batchSize);
  const imageSize = batch.images.length / batch.size;
  const forward = await compiler(forwardGraph(bound, { attention: true }), common);
  try {
    const views: ExampleView[] = [];
    for (let start = 0; start < batch.size; start += batchSize) {
      const part = partOf(batch, start, batchSize);
      const perturbed = new Float32Array(part.images.length);
      for (let i = 0; i < part.size; i++) {
        perturbed.set(adversarialOf(evaluation, name, places[start + i]!), i * imageSize);
      }
      // A randomised classifier sees both under the same draw.
      const drawn = drawRandomInputs(classifier, zeroPadded(part.indices, batchSize), {
        random: createGenerator(plan.seed),
        purpose: "example",
        draw: 0,
      });
      const look = (images: Float32Array): Promise<Record<string, Tensor>> => {
        const pixels = zeroPadded(images, batchSize * imageSize);
        return forward.run({
          [bound.image]: tensor("float32", [batchSize, bound.channels, bound.height, bound.width], pixels),
          ...drawn,
        });
      };
      const looked = {
        clean: await look(part.images),
        adversarial: await look(perturbed),
        images: part.images,
        perturbed,
      };
      for (let i = 0; i < part.size; i++) views.push(view(name, bound, imageSize, i, looked));
    }
    return views;
  } finally {
    await forward.dispose();
  }
}

/** At most `size` images of a batch, from `start` on. */
function partOf({ images, labels, indices, size: whole }: Batch, start: number, size: number): Batch {
  const end = Math.min(start + size, whole);
  const imageSize = images.length / whole;
  return {
    images: images.subarray(start * imageSize, end * imageSize),
    labels: labels.subarray(start, end),
    indices: indices.subarray(start, end),
    size: end - start,
  };
}

interface Looked {
  readonly clean: Record<string, Tensor>;
  readonly adversarial: Record<string, Tensor>;
  readonly images: Float32Array;
  readonly perturbed: Float32Array;
}

function view(
  name: string,
  classifier: BoundClassifier,
  imageSize: number,
  i: number,
  looked: Looked,
): ExampleView {
  const { taps, graph, classNames } = classifier;
  const said = (outputs: Record<string, Tensor>): Answer =>
    confidenceOf(outputs[STEP.cleanLogits]!.data as Float32Array, i, classNames.length);
  const attention: AttentionPair[] = taps.map((tap, j) => {
    const [height, width] = gridOf(graph, tap);
    const map = (outputs: Record<string, Tensor>): ReturnType<typeof encodeMap> => {
      const maps = outputs[STEP.cleanAttention(j)]!.data as Float32Array;
      return encodeMap(maps.subarray(i * height * width, (i + 1) * height * width), height, width);
    };
    return { group: tap.name, clean: map(looked.clean), adversarial: map(looked.adversarial) };
  });
  const answers = { clean: said(looked.clean), adversarial: said(looked.adversarial) };
  return { ...viewOf(name, classifier, imageSize, i, looked, answers), attention };
}

/** A view of one image without its attention maps. */
function viewOf(
  name: string,
  shape: ImageShape,
  imageSize: number,
  i: number,
  { images, perturbed }: Pick<Looked, "images" | "perturbed">,
  { clean, adversarial }: { readonly clean: Answer; readonly adversarial: Answer },
): Omit<ExampleView, "attention"> {
  const [start, end] = [i * imageSize, (i + 1) * imageSize];
  const adversarialImage = perturbed.subarray(start, end);
  const perturbation = adversarialImage.map((value, at) => value - images[start + at]!);
  const largest = perturbation.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1 / 255;
  return {
    model: name,
    cleanPrediction: clean.prediction,
    adversarialPrediction: adversarial.prediction,
    ...(clean.confidence === undefined ? {} : { cleanConfidence: clean.confidence }),
    ...(adversarial.confidence === undefined ? {} : { adversarialConfidence: adversarial.confidence }),
    adversarial: encodeRaster(adversarialImage, shape),
    perturbation: encodeRaster(perturbation, shape, { minimum: -largest, maximum: largest }),
  };
}

interface Answer {
  readonly prediction: number;
  /** Softmax probability of the prediction; undefined if a logit is NaN or the largest is infinite. */
  readonly confidence: number | undefined;
}

function confidenceOf(logits: Float32Array, image: number, classes: number): Answer {
  const start = image * classes;
  const prediction = argMax(logits, start, classes);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - logits[start + prediction]!);
  return { prediction, confidence: Number.isNaN(sum) ? undefined : 1 / sum };
}
