/** Finds which of the usual preprocessings a model expects, by its predictions on labelled images. */
import { argMax, openTarget, type Compile } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { fixedBatchSize, type AnyClassifier, type Preprocessing } from "../models/index.js";
import { readBatch } from "./batches.js";
import { wilsonInterval } from "./intervals.js";

/** A common preprocessing and its name. */
export interface Candidate {
  readonly name: string;
  readonly preprocessing: Preprocessing;
}

/** A model's predictions with one candidate. */
export interface Trial extends Candidate {
  readonly images: number;
  /** The largest output of each image. */
  readonly answers: readonly number[];
  readonly correct: number;
  /** Right predictions that the same predictions would have on shuffled images, as a constant prediction does. */
  readonly byChance: number;
  /**
   * Mean cross-entropy at the best temperature for these images. It tells apart candidates that are right about equally
   * often; larger pixels, which make a network more confident, gain nothing by it. Infinite if an output is not finite.
   */
  readonly loss: number;
  /** For each image. */
  readonly losses: readonly number[];
}

/** All trials, best first, and whether the best is right more often than by chance. */
export interface TriedPreprocessings {
  readonly trials: readonly Trial[];
  readonly isClear: boolean;
  /** Others that neither the right predictions nor the cross-entropies tell apart from the best. */
  readonly asGood: readonly Trial[];
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const CIFAR = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
/** Caffe's means 103.939, 116.779 and 123.68 of 255, blue first. */
const CAFFE_MEAN = [103.939, 116.779, 123.68].map((level) => level / 255);
/** Images up to this side are also tried with CIFAR's preprocessing. */
const SMALL = 64;

/**
 * The usual preprocessings for images with this many channels, most common first.
 */
export function usualPreprocessings({
  channels,
  height,
}: {
  readonly channels: number;
  readonly height: number;
}): readonly Candidate[] {
  const bytes = { name: "0 to 255", preprocessing: { range: 255 } };
  const unit = { name: "0 to 1", preprocessing: {} };
  if (channels !== 3) {
    return [
      unit,
      { name: "-1 to 1", preprocessing: { mean: [0.5], std: [0.5] } },
      { name: "MNIST's mean and deviation", preprocessing: { mean: [0.1307], std: [0.3081] } },
      bytes,
    ].map((each) => ({ ...each, preprocessing: perChannel(each.preprocessing, channels) }));
  }
  return [
    { name: "ImageNet's mean and deviation", preprocessing: IMAGENET },
    { name: "-1 to 1", preprocessing: HALF },
    unit,
    bytes,
    ...(height <= SMALL ? [{ name: "CIFAR-10's mean and deviation", preprocessing: CIFAR }] : []),
    {
      name: "Caffe's means subtracted from 0 to 255, blue first",
      preprocessing: { mean: CAFFE_MEAN, range: 255, channelOrder: "BGR" },
    },
    {
      name: "ImageNet's mean and deviation, blue first",
      preprocessing: {
        mean: IMAGENET.mean.toReversed(),
        std: IMAGENET.std.toReversed(),
        channelOrder: "BGR",
      },
    },
  ];
}

function perChannel({ mean: means, std, ...rest }: Preprocessing, channels: number): Preprocessing {
  const spread = (values: readonly number[]): number[] => Array.from({ length: channels }, () => values[0]!);
  return {
    ...rest,
    ...(means === undefined ? {} : { mean: spread(means) }),
    ...(std === undefined ? {} : { std: spread(std) }),
  };
}

export interface TryOptions {
  readonly compile?: Compile | undefined;
  readonly threads?: number | undefined;
}

/** Below this many images no test is possible, so more right predictions than by chance are enough. */
const FEW = 10;

/**
 * Runs a classifier loaded without preprocessing on all images of `dataset` with every candidate.
 *
 * @param dataset labels are outputs of the classifier.
 */
export async function tryPreprocessings(
  classifier: AnyClassifier,
  dataset: Dataset,
  candidates: readonly Candidate[],
  options: TryOptions = {},
): Promise<TriedPreprocessings> {
  const images = dataset.length;
  const batchSize = fixedBatchSize(classifier) ?? Math.min(images, 25);
  const target = openTarget(classifier, {
    batchSize,
    ...(options.compile && { compile: options.compile }),
    ...(options.threads && { threads: options.threads }),
  });
  const tallies = candidates.map(() => ({ answers: [] as number[], rows: [] as Float32Array[] }));
  try {
    for (let start = 0; start < images; start += batchSize) {
      const count = Math.min(batchSize, images - start);
      const places = Uint32Array.from({ length: count }, (_, i) => start + i);
      const batch = await readBatch(dataset, places, target.imageSize);
      for (const [c, { preprocessing }] of candidates.entries()) {
        const fed = new Float32Array(batchSize * target.imageSize);
        preprocess(batch.images, fed, classifier, preprocessing);
        const logits = await target.logits(fed);
        for (let i = 0; i < count; i++) {
          const row = logits.subarray(i * target.classCount, (i + 1) * target.classCount);
          tallies[c]!.answers.push(argMax(row, 0, row.length));
          tallies[c]!.rows.push(row.slice());
        }
      }
    }
  } finally {
    await target.dispose();
  }
  const trials = tallies.map(({ answers, rows }, c) => {
    const losses = calibratedLosses(rows, dataset.labels);
    return {
      ...candidates[c]!,
      images,
      answers,
      correct: answers.filter((answer, i) => answer === dataset.labels[i]).length,
      byChance: agreementByChance(answers, dataset.labels),
      loss: mean(losses),
      losses,
    };
  });
  return judge(trials);
}

/** Among candidates that cannot be told apart, the first is the most common. */
function judge(trials: readonly Trial[]): TriedPreprocessings {
  const sorted = [...trials].sort((a, b) => b.correct - a.correct || a.loss - b.loss || 0);
  const most = sorted[0]!;
  const interval = wilsonInterval(most.correct, most.images);
  const alike = trials.filter(
    (each) =>
      each === most ||
      (each.correct / each.images >= interval.low && !isClearlyMore(each.losses, most.losses)),
  );
  const [best, ...asGood] = alike as [Trial, ...Trial[]];
  const { low } = wilsonInterval(best.correct, best.images);
  const least = best.images < FEW ? best.correct / best.images : low;
  return {
    trials: [best, ...sorted.filter((each) => each !== best)],
    isClear: least > best.byChance / best.images,
    asGood,
  };
}

/**
 * Whether the predictions `now` are clearly better than `before` on the same images: the images that only `now` gets right
 * outnumber those that only `before` does by more than twice the square root of both together, two standard errors of a
 * fair coin.
 */
export function isClearlyBetter(
  now: readonly number[],
  before: readonly number[],
  labels: ArrayLike<number>,
): boolean {
  let [gained, lost] = [0, 0];
  now.forEach((answer, i) => {
    if (answer === labels[i] && before[i] !== labels[i]) gained++;
    if (answer !== labels[i] && before[i] === labels[i]) lost++;
  });
  return gained - lost > 2 * Math.sqrt(gained + lost);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** Whether the mean difference of pairs is more than twice its standard error above 0. */
function isClearlyMore(a: readonly number[], b: readonly number[]): boolean {
  const differences = a.map((each, i) => each - b[i]!);
  const middle = mean(differences);
  if (!Number.isFinite(middle)) return middle === Infinity;
  const variance = mean(differences.map((each) => (each - middle) ** 2));
  return !(middle <= 2 * Math.sqrt(variance / Math.max(1, a.length - 1)));
}

/** u = range · (x − mean) / std on the host, as `withPreprocessing` puts it into a graph. */
function preprocess(
  images: Float32Array,
  out: Float32Array,
  { channels, height, width }: AnyClassifier,
  { mean: means, std, range = 1, channelOrder }: Preprocessing,
): void {
  const plane = height * width;
  for (let start = 0, p = 0; start < images.length; start += plane, p++) {
    const channel = p % channels;
    const from = channelOrder === "BGR" ? start + (channels - 1 - 2 * channel) * plane : start;
    const [m, factor] = [means?.[channel] ?? 0, range / (std?.[channel] ?? 1)];
    for (let i = 0; i < plane; i++) out[start + i] = (images[from + i]! - m) * factor;
  }
}

/** Σ_k answers(k) · labels(k) / n: the expected agreement of shuffled predictions. */
function agreementByChance(answers: readonly number[], labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return answers.reduce((sum, answer) => sum + (counts.get(answer) ?? 0), 0) / labels.length;
}

/** Temperatures to try, as multiples of the mean deviation of an image's logits: 2⁻⁶ … 2⁶ in steps of √2. */
const TEMPERATURES = Array.from({ length: 25 }, (_, i) => 2 ** (i / 2 - 6));

/** Cross-entropies of the logits at the temperature that minimises their mean. */
function calibratedLosses(rows: readonly Float32Array[], labels: Int32Array): readonly number[] {
  if (rows.some((row) => row.some((z) => !Number.isFinite(z)))) return rows.map(() => Infinity);
  const scale = mean(rows.map(deviationOf)) || 1;
  const tried = TEMPERATURES.map((temperature) =>
    rows.map((row, i) => crossEntropy(row, labels[i]!, scale * temperature)),
  );
  return tried.reduce((least, losses) => (mean(losses) < mean(least) ? losses : least));
}

function deviationOf(row: Float32Array): number {
  const middle = row.reduce((sum, z) => sum + z, 0) / row.length;
  return Math.sqrt(row.reduce((sum, z) => sum + (z - middle) ** 2, 0) / row.length);
}

function crossEntropy(logits: Float32Array, label: number, temperature: number): number {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, z) => total + Math.exp((z - most) / temperature), 0);
  return Math.log(sum) + (most - logits[label]!) / temperature;
}
