import { deadCode, type Graph } from "../graph/index.js";
import {
  bindForInference,
  drawRandomInputs,
  fixedBatchSize,
  type AnyClassifier,
  type Classifier,
} from "../models/index.js";
import { compile, LEAST_ROWS, rowsPerRun, type CompileOptions, type Program } from "../runtime/index.js";
import { createGenerator } from "../tensor/index.js";
import type { Answer, Query, Question } from "./asking.js";
import { runRows } from "./batch.js";
import type { Access } from "./cards/index.js";
import { forwardGraph, STEP } from "./pgd-step.js";
import { logMeanProbabilities } from "./scoring.js";

/** Turns a graph into a program. A worker runtime's `compile` does not block the calling thread. */
export type Compile = (graph: Graph, options?: CompileOptions) => Promise<Program>;

/** How a classifier is run. */
export interface TargetOptions {
  /** Images answered at a time, at most. Large images run in parts of the batch; a smaller part is padded. */
  readonly batchSize: number;
  readonly threads?: number | undefined;
  readonly compile?: Compile | undefined;
  /** Draws to average each output of a randomised classifier over; 10 by default. */
  readonly samples?: number | undefined;
  /** Seed of those draws; 0 by default. */
  readonly seed?: number | undefined;
}

/**
 * What a randomised classifier's draw for an image depends on: the image's place in its dataset, and how many draws it
 * had before; never its batch.
 */
export interface Turn {
  readonly index: number;
  readonly draw: number;
}

/** {@link Turn} of several images. */
export interface LogitsTurn {
  readonly indices?: ArrayLike<number>;
  readonly draw?: number;
}

/** Answers the questions of an attack. */
export interface Answerer {
  /** Most queries at a time. */
  readonly batchSize: number;
  /** Draws that one answer to the question takes: 1, except for the logits of a randomised classifier. */
  drawsOf(question: Question): number;
  /** Answers up to `batchSize` queries of one question. */
  answer(question: Question, queries: readonly Query[], at: readonly Turn[]): Promise<readonly Answer[]>;
}

/** A classifier under attack. Call `dispose` when you are done with it. */
export interface Target extends Answerer {
  /** What the target reveals of its model. Attacks that need more are refused. */
  readonly access: Access;
  readonly classCount: number;
  /** Elements of one image, C · H · W. */
  readonly imageSize: number;
  /** `[C, H, W]` */
  readonly imageShape: readonly [number, number, number];
  /** Whether the classifier is randomised. Each answer is then a new draw. */
  readonly randomised: boolean;
  /** Draws that the logits are averaged over; 1 for a deterministic classifier. */
  readonly samples: number;
  /**
   * Logits `[n, K]` of any number of images `[n, C, H, W]`. For a randomised classifier, the logarithm of its mean
   * probabilities over `samples` draws: that is how it classifies.
   *
   * @param at.indices positions of the images in their dataset; 0, 1, … by default.
   * @param at.draw number of draws already made for each image; 0 by default.
   */
  logits(images: Float32Array, at?: LogitsTurn): Promise<Float32Array>;
  /** Frees the programs. */
  dispose(): Promise<void>;
}

/** The logits of an image. */
export const FORWARD: Question = {
  key: "forward",
  kind: "forward",
  build: (classifier) => forwardGraph(classifier),
};

const SAMPLES = 10;

/** Images of a classifier that run at a time, of a batch: as many as its file fixes, or {@link rowsPerRun}. */
export function imagesPerRun(classifier: AnyClassifier, batchSize: number): number {
  return fixedBatchSize(classifier) ?? rowsPerRun(classifier, batchSize);
}

/** A second, smaller run for the few images left at the end, which would cost as much as a full run if padded to one. */
const FEW = 2 * LEAST_ROWS;
/** Smaller runs are used up to this share of the large one in all: each image costs a little more in them. */
const FEW_SHARE = 2 / 3;

/** Images of the next run, if so many are left. */
function runSize(left: number, rows: number): number {
  const few = Math.min(FEW, rows);
  return Math.ceil(left / few) * few <= rows * FEW_SHARE ? few : rows;
}

/**
 * Creates a target. Programs are compiled at first use.
 *
 * @example
 * ```ts
 * import { createTarget, loadClassifier } from "holdfast";
 *
 * const target = createTarget(await loadClassifier("my-model.onnx"), { batchSize: 32 });
 * const logits = await target.logits(new Float32Array(2 * target.imageSize).fill(0.5));
 * console.log(logits.length === 2 * target.classCount);
 * await target.dispose();
 * ```
 */
export function createTarget(classifier: Classifier, options: TargetOptions): Target {
  const { batchSize } = options;
  const { channels, height, width, classNames, randomInputs = [] } = classifier;
  const imageShape = [channels, height, width] as const;
  const imageSize = channels * height * width;
  const classCount = classNames.length;
  const randomised = randomInputs.length > 0;
  const samples = randomised ? (options.samples ?? SAMPLES) : 1;
  const random = createGenerator(options.seed ?? 0);
  const isFixed = fixedBatchSize(classifier) !== undefined;
  const rows = imagesPerRun(classifier, batchSize);
  const programs = new Map<string, Promise<Program>>();
  const programOf = ({ key, build }: Question, size: number): Promise<Program> => {
    const name = `${key} ${size}`;
    let found = programs.get(name);
    if (found === undefined) {
      const common = options.threads === undefined ? {} : { threads: options.threads };
      // Bound anew for every program, because the folded weights are as large as the model and only needed here.
      found = (options.compile ?? compile)(deadCode(build(bindForInference(classifier, size))), common);
      programs.set(name, found);
    }
    return found;
  };
  const once = async (
    question: Question,
    queries: readonly Query[],
    at: readonly Turn[],
    further: number = 0,
  ): Promise<readonly Answer[]> => {
    const found: Answer[] = [];
    while (found.length < queries.length) {
      const start = found.length;
      const size = isFixed ? rows : runSize(queries.length - start, rows);
      const program = await programOf(question, size);
      const [some, turns] = [queries.slice(start, start + size), at.slice(start, start + size)];
      const full = Array.from({ length: randomised ? size : 0 }, (_, i) => turns[i] ?? turns.at(-1)!);
      const drawn = randomised
        ? drawRandomInputs(
            classifier,
            full.map(({ index }) => index),
            { random, purpose: "attack", draw: full.map(({ draw }) => draw + further) },
          )
        : {};
      const options = { image: classifier.image, whole: drawn, fetch: question.outputs };
      found.push(...(await runRows(program, some, options)));
    }
    return found;
  };
  const isAveraged = ({ key }: Question): boolean => randomised && key === FORWARD.key;
  const target: Target = {
    batchSize,
    classCount,
    imageSize,
    imageShape,
    access: "gradient",
    randomised,
    samples,
    drawsOf: (question) => (isAveraged(question) ? samples : 1),
    async answer(question, queries, at) {
      if (!isAveraged(question)) return once(question, queries, at);
      const answers: (readonly Answer[])[] = [];
      for (let sample = 0; sample < samples; sample++)
        answers.push(await once(question, queries, at, sample));
      return queries.map((_, i) => ({
        [STEP.cleanLogits]: logMeanProbabilities(
          answers.map((each) => each[i]![STEP.cleanLogits]!),
          classCount,
        ),
      }));
    },
    logits: (images, turn) => logitsFrom(target, images, turn),
    async dispose() {
      const compiled = await Promise.allSettled(programs.values());
      programs.clear();
      await Promise.all(compiled.flatMap((p) => (p.status === "fulfilled" ? [p.value.dispose()] : [])));
    },
  };
  return target;
}

/** {@link Target.logits} for a target that answers {@link FORWARD}. */
export async function logitsFrom(
  { batchSize, classCount, imageSize, answer }: Omit<Target, "logits">,
  images: Float32Array,
  { indices, draw = 0 }: LogitsTurn = {},
): Promise<Float32Array> {
  const n = images.length / imageSize;
  const logits = new Float32Array(n * classCount);
  for (let start = 0; start < n; start += batchSize) {
    const places = Array.from({ length: Math.min(batchSize, n - start) }, (_, i) => start + i);
    const answers = await answer(
      FORWARD,
      places.map((i) => ({
        question: FORWARD,
        rows: { [STEP.image]: images.subarray(i * imageSize, (i + 1) * imageSize) },
      })),
      places.map((i) => ({ index: indices?.[i] ?? i, draw })),
    );
    answers.forEach((each, i) => logits.set(each[STEP.cleanLogits]!, (start + i) * classCount));
  }
  return logits;
}
