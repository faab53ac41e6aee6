/** How many images to attack at a time so that the process stays within a memory limit. */
import {
  forwardGraph,
  imagesPerRun,
  pgdStepGraph,
  stagesOf,
  SUITES,
  type Norm,
  type SuiteName,
} from "../attacks/index.js";
import { UsageError } from "../errors/index.js";
import { availableMemory, formatBytes } from "../files/index.js";
import { deadCode } from "../graph/index.js";
import { bindForInference, isOpaque, type AnyClassifier } from "../models/index.js";
import { programBytes } from "../runtime/index.js";

const MIB = 2 ** 20;
/** The process itself, unfilled blocks as in training (`training/memory.ts`), and copies of the constants of a program while it is compiled. */
const [PROCESS, BLOCKS, CONSTANT_COPIES] = [280 * MIB, 1.35, 2];

export interface BatchMemory {
  /** Images at a time, as requested. */
  readonly batchSize: number;
  /** An attack or a suite: each of its attacks holds a program. */
  readonly attack: string;
  readonly norm: Norm;
  /** Memory limit of the process in bytes; undefined: no limit. */
  readonly memory: number | undefined;
  /** Called if there is no limit and the available memory may not suffice. */
  readonly onWarning: (message: string) => void;
  readonly available?: number;
}

/**
 * The number of images to attack at a time: as requested, or as many as fit the limit. Outcomes do not depend on it.
 *
 *   peak = 280 MiB + Σ_models ( 1.35 V + 2 C )
 *
 * V: the most bytes that the values of a run of their programs take at once (a step for each gradient attack, and the forward pass), C: constants.
 *
 * @throws UsageError if not even one image fits.
 */
export async function batchWithin(
  classifiers: readonly AnyClassifier[],
  { batchSize, attack, norm, memory, onWarning, available = availableMemory() }: BatchMemory,
): Promise<number> {
  const peak = (rows: number): Promise<number> =>
    peakOf(classifiers, { rows, programs: programsOf(attack, norm) });
  const whole = await peak(batchSize);
  if (memory === undefined) {
    if (whole > available) {
      onWarning(
        `${batchSize} images at a time take about ${formatBytes(whole)}, but only ${formatBytes(available)} is available: ` +
          `--memory ${Math.max(1, Math.floor(available / 2 ** 30))}GB attacks fewer at a time`,
      );
    }
    return batchSize;
  }
  if (whole <= memory) return batchSize;
  const least = await peak(1);
  if (least > memory) {
    throw new UsageError({
      place: "--memory",
      problem: `${formatBytes(memory)} is too little: one image at a time takes about ${formatBytes(least)}`,
      remedy: "Give it more, or measure fewer models at once.",
    });
  }
  // Only runs smaller than the usual take less.
  const usual = Math.max(...classifiers.map((each) => imagesPerRun(each, batchSize)));
  const slope = (whole - least) / (usual - 1);
  let rows = Math.min(usual - 1, Math.floor(1 + (memory - least) / slope));
  while (rows > 1 && (await peak(rows)) > memory) rows = Math.max(1, Math.floor(0.9 * rows));
  return rows;
}

/** Number of gradient programs held at once. */
function programsOf(attack: string, norm: Norm): number {
  return Object.hasOwn(SUITES, attack) ? stagesOf(SUITES[attack as SuiteName], norm).length : 1;
}

async function peakOf(
  classifiers: readonly AnyClassifier[],
  { rows, programs }: { readonly rows: number; readonly programs: number },
): Promise<number> {
  let total = PROCESS;
  for (const classifier of classifiers) {
    // The file runs unchanged, and its values are unknown.
    if (isOpaque(classifier)) continue;
    const bound = bindForInference(classifier, imagesPerRun(classifier, rows));
    const step = await programBytes(deadCode(pgdStepGraph(bound, { norm: "linf" })));
    const answer = await programBytes(forwardGraph(bound));
    total +=
      BLOCKS * (programs * step.values + answer.values) +
      CONSTANT_COPIES * (programs * step.constants + answer.constants);
  }
  return Math.round(total);
}
