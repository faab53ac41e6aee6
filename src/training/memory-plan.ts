/** How a training computes its steps so that it stays within a memory limit. */
import { UsageError } from "../errors/index.js";
import { availableMemory, formatBytes, parseBytes } from "../files/index.js";
import { isNode } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import { rowsPerRun } from "../runtime/index.js";
import { attackBytes, peakEstimate, type PeakEstimate } from "./memory.js";
import type { TrainingSettings } from "./settings/index.js";
import { updateGraph, type UpdateGraph } from "./update-graph.js";
import { updateOptions } from "./update-options.js";
import { updateGraphInParts } from "./update-parts.js";

/** How the steps of a training are computed. */
export interface MemoryPlan {
  /** Equal parts of the batch, one after the other. */
  readonly parts: number;
  /** Segments of the forward pass. The backward pass computes all but the last of them again. */
  readonly segments: number;
  /** Images that the adversary and the validations attack at a time. */
  readonly rows: number;
  /** The update, computed in this way. */
  readonly update: UpdateGraph;
  /** Estimated peak of the process in bytes: so, and without a limit. */
  readonly estimate: number;
  readonly whole: number;
}

/** A way to compute the update. */
type Way = Pick<MemoryPlan, "parts" | "segments">;

/** Segments that are tried. More of them save little, because each keeps the maps at its end. */
const SEGMENTS = [1, 2, 4, 8, 16] as const;

/**
 * The whole batch at once where that fits, otherwise the first way that fits, with as many images for the adversary as fit. Where
 * BatchNormalization normalises by the batch, segments are computed again first: they take at most one more forward pass a step, and give
 * the same numbers. Elsewhere the batch is computed in parts first, which takes no more time.
 *
 * @throws UsageError where a single image takes more, or the recipe cannot be split.
 */
export async function planMemory(classifier: Classifier, settings: TrainingSettings): Promise<MemoryPlan> {
  const { batchSize, memory } = settings;
  const options = updateOptions(classifier, settings);
  const attack = attackBytes(classifier, settings);
  const tried = async (way: Way): Promise<Way & { update: UpdateGraph; peak: PeakEstimate }> => {
    const update = (way.parts === 1 ? updateGraph : updateGraphInParts)(classifier, { ...options, ...way });
    return { ...way, update, peak: await peakEstimate(update, attack, way.segments) };
  };
  const { peak, ...one } = await tried({ parts: 1, segments: 1 });
  const usual = usualRows(classifier, batchSize);
  const whole = await peak(usual);
  const budget = memory === undefined ? Infinity : budgetOf(memory);
  if (whole <= budget) return { ...one, rows: usual, estimate: whole, whole };
  const unsplittable = whyUnsplittable(settings);
  let least = whole;
  let isNormalised = true;
  for (const ways of waysOf(classifier, batchSize, unsplittable === undefined)) {
    let before = Infinity;
    for (const way of ways) {
      const { peak, ...made } = await tried(way);
      isNormalised = made.update.normalisedBy !== 1;
      if (!isNormalised) break;
      const size = batchSize / way.parts;
      for (const rows of divisors(size).reverse()) {
        if (rows > usualRows(classifier, size)) continue;
        const estimate = await peak(rows);
        if (estimate <= budget) return { ...made, rows, estimate, whole };
      }
      const smallest = await peak(1);
      least = Math.min(least, smallest);
      // More of the same would not help.
      if (smallest >= before) break;
      before = smallest;
    }
  }
  throw tooLittle(settings, { least, unsplittable, isNormalised });
}

/** Ways to compute an update, in groups: in each, the next takes less memory until it no longer helps. */
function waysOf(
  { graph }: Classifier,
  batchSize: number,
  isSplittable: boolean,
): readonly (readonly Way[])[] {
  const inSegments = (parts: number): Way[] => SEGMENTS.map((segments) => ({ parts, segments }));
  if (!isSplittable) return [inSegments(1)];
  const counts = divisors(batchSize);
  return hasBatchNorm(graph)
    ? counts.map(inSegments)
    : [counts.map((parts) => ({ parts, segments: 1 })), inSegments(batchSize)];
}

const hasBatchNorm = ({ nodes }: Classifier["graph"]): boolean =>
  nodes.some((node) => isNode(node, "BatchNormalization"));

/** Images that are attacked at a time if memory allows: the batch in equal parts. */
const usualRows = (classifier: Classifier, size: number): number =>
  divisors(size).find((rows) => rows >= rowsPerRun(classifier, size))!;

/** Ascending. */
const divisors = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((count) => n % count === 0);

/** @throws UsageError on what is no size. */
export function budgetOf(memory: string): number {
  const bytes = parseBytes(memory);
  if (bytes !== undefined) return bytes;
  throw new UsageError({
    place: "--memory",
    problem: `"${memory}" is not a size`,
    remedy: "Give a number with MB or GB, such as 8GB.",
  });
}

/** Why a recipe needs the whole batch at once, if it does. */
function whyUnsplittable({ recipe }: TrainingSettings): string | undefined {
  if ((recipe.replays ?? 1) > 1) return "free adversarial training moves the images with the update";
  if (recipe.weightPerturbation !== undefined)
    return "weight perturbation takes the gradient of the whole batch first";
  if ((recipe.weights.inputGradientBatchMean ?? 0) > 0)
    return "its penalty is of the whole batch's mean loss";
  return undefined;
}

function tooLittle(
  { memory, recipe, batchSize }: TrainingSettings,
  {
    least,
    unsplittable,
    isNormalised,
  }: { readonly least: number; readonly unsplittable: string | undefined; readonly isNormalised: boolean },
): UsageError {
  const place = "--memory";
  if (unsplittable !== undefined) {
    return new UsageError({
      place,
      problem: `a step of ${batchSize} images takes about ${formatBytes(least)} at the least, more than ${memory}, and ${recipe.name} cannot be computed in parts: ${unsplittable}`,
      remedy: "Give a smaller --batch-size.",
    });
  }
  return isNormalised
    ? new UsageError({
        place,
        problem: `${memory} is too little: a step of one image takes about ${formatBytes(least)}`,
        remedy: "Give more, or train a smaller model, or on smaller images.",
      })
    : new UsageError({
        place,
        problem: `${memory} is too little: it takes parts of one image, of which BatchNormalization has one number a channel and nothing to normalise by`,
        remedy: "Give more, or train on smaller images.",
      });
}

/** What is said of a plan: undefined where there is nothing to say. */
export function describePlan(
  { parts, segments, rows, estimate, whole }: Omit<MemoryPlan, "update">,
  { batchSize, memory }: TrainingSettings,
  classifier: Classifier,
  available = availableMemory(),
): { readonly type: "notice" | "warning"; readonly message: string } | undefined {
  const size = batchSize / parts;
  const means = [
    parts > 1 && `it is computed in ${parts} parts of ${size}`,
    parts > 1 && hasBatchNorm(classifier.graph) && "BatchNormalization normalises by each part",
    segments > 1 &&
      `the backward pass computes ${segments - 1} of ${segments} segments of the forward pass again`,
    rows < usualRows(classifier, size) && `images are attacked ${rows} at a time`,
  ].filter((each) => each !== false);
  const needed = `a step of ${batchSize} images takes about ${formatBytes(whole)}`;
  if (means.length > 0) {
    return { type: "notice", message: `${needed}: for ${formatBytes(estimate)}, ${means.join("; ")}` };
  }
  if (estimate <= available) return undefined;
  const remedy =
    memory === undefined
      ? `: --memory ${Math.max(1, Math.floor(available / 2 ** 30))}GB makes it take less.`
      : ".";
  return { type: "warning", message: `${needed}, and ${formatBytes(available)} are available${remedy}` };
}
