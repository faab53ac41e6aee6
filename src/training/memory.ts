/** How much memory a training takes, and in how many parts its batch is computed for that. */
import { pgdStepGraph } from "../attacks/index.js";
import { UsageError } from "../errors/index.js";
import { availableMemory, formatBytes, parseBytes } from "../files/index.js";
import { deadCode, valueOf, type Graph } from "../graph/index.js";
import { bindForInference, bindForTraining, type BoundClassifier, type Classifier } from "../models/index.js";
import { preparedBytes, programBytes, type ProgramBytes } from "../runtime/index.js";
import { sizeOf } from "../tensor/index.js";
import type { TrainingSettings } from "./settings/index.js";
import { updateGraph, type UpdateGraph, type UpdateGraphOptions } from "./update-graph.js";
import { updateGraphInParts } from "./update-parts.js";

const MIB = 2 ** 20;
/** Node, the library, ONNX Runtime and what is kept of the images. */
const PROCESS = 280 * MIB;
/** ONNX Runtime takes its memory in blocks that its values do not fill, and copies some into its blocked layout. */
const BLOCKS = 1.35;
/**
 * Copies of an attack's constants while it is compiled: as written, as read, in blocked order; or of the weights that are prepared for
 * it, for both directions, and of what that takes.
 */
const CONSTANT_COPIES = 4;
/** Copies of what lives from step to step: as it is, as it comes, and of steps before until they are collected. */
const STATE_COPIES = 2.5;

/** What a training does with its batch. */
export interface MemoryPlan {
  /** Parts of the batch. */
  readonly parts: number;
  /** The update in so many. */
  readonly update: UpdateGraph;
  /** Estimated peak of the process in bytes: so, and with the batch in one. */
  readonly estimate: number;
  readonly whole: number;
}

/**
 * Estimated peak of a training's process, of an update whose parts have `rows` images a half:
 *
 *   280 MiB + 1.35 ( U + A ) + 2.5 S + 4 C
 *
 * U: the most bytes that the values of the update take at once, by their nodes in order; A: those of the adversary's step, and C its
 * constants, or the weights that are prepared for it. S: bytes of what lives from step to step. The factors were fitted to eight peaks:
 * they are 1 % under one of them at most, and 24 % over (`bench/memory.mjs`).
 */
export async function estimatePeak(
  classifier: Classifier,
  settings: Pick<TrainingSettings, "recipe" | "validation">,
  update: UpdateGraph,
  rows: number,
): Promise<number> {
  const graphs = update.part === undefined ? [update.graph] : [update.part, update.graph];
  const inputs = new Map(graphs.flatMap((graph) => graph.inputs.map((name) => [name, valueOf(graph, name)])));
  let values = 0;
  for (const graph of graphs) values += (await programBytes(graph)).values;
  const state = update.state.reduce((sum, name) => sum + 4 * sizeOf(inputs.get(name)?.shape ?? [0]), 0);
  const attack = await attackBytes(classifier, settings, rows);
  return Math.round(
    PROCESS + BLOCKS * (values + attack.values) + STATE_COPIES * state + CONSTANT_COPIES * attack.constants,
  );
}

/** Of a step of the adversary, which a validation takes as well. */
async function attackBytes(
  classifier: Classifier,
  { recipe: { adversary, replays = 1 }, validation }: Pick<TrainingSettings, "recipe" | "validation">,
  rows: number,
): Promise<Pick<ProgramBytes, "values" | "constants">> {
  const isAttacked = adversary !== undefined && replays === 1;
  if (!isAttacked && validation.images === 0) return { values: 0, constants: 0 };
  const step = (bound: BoundClassifier): Graph =>
    deadCode(pgdStepGraph(bound, { norm: adversary?.norm ?? "linf" }));
  const fed = step(bindForTraining(classifier, rows));
  const weights = new Set([...classifier.parameters, ...classifier.buffers]);
  const prepared = await preparedBytes(
    fed,
    fed.inputs.filter((name) => weights.has(name)),
  );
  return prepared ?? programBytes(step(bindForInference(classifier, rows)));
}

/**
 * In how many parts the batch is computed: one, or the fewest that the budget takes.
 *
 * @throws UsageError where a single image takes more, or the recipe cannot be split.
 */
export async function planMemory(
  classifier: Classifier,
  settings: TrainingSettings,
  options: UpdateGraphOptions,
): Promise<MemoryPlan> {
  const { batchSize, memory } = settings;
  const inParts = async (
    parts: number,
  ): Promise<{ readonly update: UpdateGraph; readonly estimate: number }> => {
    const update =
      parts === 1 ? updateGraph(classifier, options) : updateGraphInParts(classifier, { ...options, parts });
    return { update, estimate: await estimatePeak(classifier, settings, update, batchSize / parts) };
  };
  const one = await inParts(1);
  const whole = one.estimate;
  const budget = memory === undefined ? Infinity : budgetOf(memory);
  if (whole <= budget) return { parts: 1, ...one, whole };
  refuseUnsplittable(settings, whole, budget);
  const counts = Array.from({ length: batchSize }, (_, i) => i + 1).filter(
    (count) => batchSize % count === 0,
  );
  const smallest = await inParts(batchSize);
  const least = smallest.estimate;
  if (least > budget) {
    throw new UsageError({
      place: "--memory",
      problem: `${memory} is too little: a step of one image takes about ${formatBytes(least)}`,
      remedy: "Give more, or train a smaller model, or on smaller images.",
    });
  }
  // The peak falls with the images of a part, at most in proportion: begin a little above where that leads.
  const slope = (whole - least) / (batchSize - 1);
  const most = 1 + (budget - least) / slope;
  for (const parts of counts.filter((count) => batchSize / count <= Math.max(2, most * 1.2))) {
    const tried = parts === batchSize ? smallest : await inParts(parts);
    if (tried.estimate > budget) continue;
    if (tried.update.normalisedBy === 1) break;
    return { parts, ...tried, whole };
  }
  throw new UsageError({
    place: "--memory",
    problem: `${memory} is too little: it takes parts of one image, of which BatchNormalization has one number a channel and nothing to normalise by`,
    remedy: "Give more, or train on smaller images.",
  });
}

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

/** Terms and defences that look at the whole batch at once. */
function refuseUnsplittable({ recipe }: TrainingSettings, whole: number, budget: number): void {
  const why =
    (recipe.replays ?? 1) > 1
      ? "free adversarial training moves the images with the update"
      : recipe.weightPerturbation !== undefined
        ? "weight perturbation takes the gradient of the whole batch first"
        : (recipe.weights.inputGradientBatchMean ?? 0) > 0
          ? "its penalty is of the whole batch's mean loss"
          : undefined;
  if (why === undefined) return;
  throw new UsageError({
    place: "--memory",
    problem: `a step takes about ${formatBytes(whole)}, more than ${formatBytes(budget)}, and ${recipe.name} cannot be computed in parts: ${why}`,
    remedy: "Give a smaller --batch-size.",
  });
}

/** What is said of a plan: undefined where there is nothing to say. */
export function describePlan(
  { parts, estimate, whole }: Omit<MemoryPlan, "update">,
  { batchSize, memory }: TrainingSettings,
  {
    hasBatchNorm,
    available = availableMemory(),
  }: { readonly hasBatchNorm: boolean; readonly available?: number },
): { readonly type: "notice" | "warning"; readonly message: string } | undefined {
  if (parts > 1) {
    return {
      type: "notice",
      message:
        `a step of ${batchSize} images takes about ${formatBytes(whole)}: it is computed in ${parts} parts of ${batchSize / parts}, ` +
        `about ${formatBytes(estimate)}` +
        (hasBatchNorm ? "; BatchNormalization normalises by each part" : ""),
    };
  }
  if (estimate <= available) return undefined;
  return {
    type: "warning",
    message:
      `a step of ${batchSize} images takes about ${formatBytes(estimate)}, and ${formatBytes(available)} are available` +
      (memory === undefined
        ? `: --memory ${Math.max(1, Math.floor(available / 2 ** 30))}GB computes it in parts.`
        : "."),
  };
}
