/** Summarises accuracies under corruptions. */
import {
  CORRUPTIONS,
  scaleFor,
  SEVERITIES,
  type Corruption,
  type CorruptionScale,
  type Severity,
} from "../data/corruptions/names.js";
import { UsageError } from "../errors/index.js";
import { meanInterval } from "./intervals.js";
import type { CorruptionPlan } from "./plan-corruptions.js";
import type {
  CorruptedMeasurement,
  CorruptionBaseline,
  Interval,
  Result,
  ScoredImages,
} from "./result/index.js";

/** `gaussian_noise` as people say it: `gaussian noise`, `JPEG compression`. */
export function corruptionLabel(corruption: Corruption): string {
  return corruption.replaceAll("_", " ").replace("jpeg", "JPEG");
}

/** A model's accuracy under all measured corruptions. */
export interface CorruptionSummary {
  readonly model: string;
  readonly kinds: readonly Corruption[];
  readonly severities: readonly Severity[];
  readonly n: number;
  /** The mean over kinds and severities. */
  readonly accuracy: number;
  /** Interval of that mean; absent if the predictions of each image are unknown. */
  readonly interval?: Interval | undefined;
  /** One accuracy; undefined if it was not measured. */
  readonly of: (corruption: Corruption, severity: Severity) => CorruptedMeasurement | undefined;
  /** The mean over the severities. */
  readonly mean: (corruption: Corruption) => number;
  /** mCE in percent, relative to the baseline, if there is one. */
  readonly mce?: number | undefined;
}

/**
 * Each model's mean accuracy under corruptions, and relative to a baseline
 *
 *   mCE = mean over kinds of Σₛ E(kind, s) / Σₛ E_baseline(kind, s)      (Hendrycks & Dietterich 2019, §4.1)
 *
 * The interval of the mean treats each image's share of right predictions as one draw, because predictions for the same
 * image are not independent (`meanInterval`).
 */
export function summariseCorruptions(
  result: Pick<Result, "corruptions" | "measurements">,
): CorruptionSummary[] {
  const { corruptions } = result;
  if (corruptions === undefined) return [];
  const { measurements, baseline } = corruptions;
  return [...new Set(measurements.map(({ model }) => model))].map((model) => {
    const own = measurements.filter((m) => m.model === model);
    const kinds = CORRUPTIONS.filter((kind) => own.some(({ corruption }) => corruption === kind));
    const severities = SEVERITIES.filter((each) => own.some(({ severity }) => severity === each));
    const mean = (corruption: Corruption): number =>
      meanOf(own.filter((m) => m.corruption === corruption).map(({ accuracy }) => accuracy));
    const accuracy = meanOf(own.map((m) => m.accuracy));
    const label = result.measurements.find((m) => m.kind === "clean" && m.model === model)?.perImage?.label;
    const ratios = kinds.map((kind) => (1 - mean(kind)) / (baseline?.errors[kind] ?? NaN));
    return {
      model,
      kinds,
      severities,
      n: own[0]!.n,
      accuracy,
      interval: label && intervalOf(own, label),
      of: (corruption, severity) => own.find((m) => m.corruption === corruption && m.severity === severity),
      mean,
      ...(baseline && ratios.every(Number.isFinite) ? { mce: 100 * meanOf(ratios) } : {}),
    };
  });
}

function intervalOf(own: readonly CorruptedMeasurement[], label: readonly number[]): Interval | undefined {
  if (own.some(({ predictions: said }) => said?.length !== label.length)) return undefined;
  return meanInterval(label.map((each, i) => meanOf(own.map((m) => Number(m.predictions![i] === each)))));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const SCALES: Readonly<Record<CorruptionScale, string>> = {
  imagenet: "ImageNet-C",
  "tiny-imagenet": "Tiny-ImageNet-C",
  cifar: "CIFAR-10-C",
};
const SAME_IMAGES = ["n", "population", "sampleSeed"] as const satisfies readonly (keyof ScoredImages)[];

/**
 * Makes a baseline from a result.
 *
 * @param images the images on which the compared model is measured.
 * @throws UsageError if the result has no corruptions, several models, other kinds and severities than planned, or other
 *   images, strengths or frost.
 */
export function baselineOf(
  place: string,
  result: Result,
  plan: CorruptionPlan,
  images: Pick<ScoredImages, "n" | "population" | "sampleSeed" | "height" | "width">,
): CorruptionBaseline {
  const [only, ...more] = summariseCorruptions(result);
  const remedy =
    "Give the result of one model, measured with the same --data, --limit, --seed, --corruptions, --severity and --frost.";
  const { corruptions } = result;
  if (only === undefined || corruptions === undefined || more.length > 0) {
    const problem = more.length > 0 ? "has several models" : "has no accuracy under corruptions";
    throw new UsageError({ place, problem, remedy });
  }
  const missing = plan.kinds.find((kind) =>
    plan.severities.some((severity) => only.of(kind, severity) === undefined),
  );
  const scale = scaleFor(images.height, images.width);
  const problems: readonly (readonly [boolean, string])[] = [
    [missing !== undefined, `lacks severities of ${missing}`],
    [only.severities.length !== plan.severities.length, "has different severities"],
    [SAME_IMAGES.some((what) => result.dataset[what] !== images[what]), "has different images"],
    [
      corruptions.scale !== scale,
      `uses the strengths of ${SCALES[corruptions.scale]}, not those of ${SCALES[scale]}`,
    ],
    [plan.kinds.includes("frost") && corruptions.frost !== plan.frost, "uses different pictures of frost"],
  ];
  const found = problems.find(([isOther]) => isOther);
  if (found !== undefined) throw new UsageError({ place, problem: found[1], remedy });
  const perfect = plan.kinds.find((kind) => only.mean(kind) === 1);
  if (perfect !== undefined) {
    throw new UsageError({
      place,
      problem: `makes no errors under ${perfect}, so errors cannot be divided by its own`,
      remedy: "Give the result of a weaker model, or measure more images.",
    });
  }
  return {
    model: only.model,
    errors: Object.fromEntries(plan.kinds.map((kind) => [kind, 1 - only.mean(kind)])),
  };
}

/** What the numbers under corruptions are based on. */
export function corruptionStatements({
  corruptions,
  dataset,
}: Pick<Result, "corruptions" | "dataset">): string[] {
  if (corruptions === undefined) return [];
  const { scale, frost, baseline } = corruptions;
  const hasFrost = corruptions.measurements.some(({ corruption }) => corruption === "frost");
  return [
    `Corruptions are applied to the model's own input, ${dataset.height} × ${dataset.width} pixels before normalisation, with the ` +
      `strengths of ${SCALES[scale]}. They are not attacks: nobody chose them against the model.` +
      (hasFrost && frost === "made"
        ? " Frost uses textures drawn by holdfast, not the photographs of the benchmark."
        : ""),
    ...(baseline ? [`mCE is relative to ${baseline.model}.`] : []),
  ];
}
