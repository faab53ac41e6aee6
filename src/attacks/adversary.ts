import { deadCode } from "../graph/index.js";
import { needsOf, type LossWeights } from "../losses/index.js";
import { bindForTraining, drawRandomInputs, type Classifier } from "../models/index.js";
import { compile, type Feeds, type Program } from "../runtime/index.js";
import type { RandomGenerator, RandomStream, Tensor } from "../tensor/index.js";
import { ask, type Asking, type Question } from "./asking.js";
import { ballAround, type Ball } from "./ball.js";
import { runRows } from "./batch.js";
import { iterate } from "./iterate.js";
import { pack, type Job } from "./pack.js";
import { forwardGraph, movableTerms, pgdStepGraph, STEP } from "./pgd-step.js";
import type { Answerer, Compile } from "./target.js";
import type { StepNorm } from "./threat.js";

/** The adversary a defence trains against, as data. */
export interface AdversarySpec {
  readonly norm: StepNorm;
  /** Radius at full strength, pixel units. */
  readonly epsilon: number;
  readonly steps: number;
  /** Step size as a multiple of epsilon, so that ε warm-up scales both. */
  readonly relativeStepSize: number;
  readonly randomStart: boolean;
  /** Standard deviation of a Gaussian start instead of the uniform one (TRADES: .001). */
  readonly startDeviation?: number | undefined;
  /**
   * What δ maximises: the cross-entropy, the divergence KL(p(x) ‖ p(x + δ)) (TRADES), or the
   * whole loss L of the recipe (paper, eq. 1).
   */
  readonly objective: "cross-entropy" | "kl" | "total";
}

export interface AdversaryOptions {
  readonly batchSize: number;
  /** Images per run, a divisor of the batch; by default the whole batch. Outcomes do not depend on it. */
  readonly rows?: number | undefined;
  readonly random: RandomGenerator;
  /** The recipe's weights, for the objective `total`. */
  readonly lossWeights?: LossWeights;
  /** Whether the labels are smoothed. */
  readonly smoothed?: boolean;
  readonly threads?: number;
  readonly compile?: Compile;
}

/** A training batch: exactly `batchSize` images `[N, C, H, W]`, one-hot labels `[N, K]`. */
export interface AdversaryBatch {
  readonly images: Float32Array;
  readonly oneHot: Float32Array;
}

/** Crafts the adversarial half of each training batch. */
export interface Adversary {
  /** Share of images in the last batch whose gradient was zero or denormal in half of the steps. */
  zeroGradientShare(): number;
  /**
   * The last iterate of PGD against the classifier with these weights and buffers
   * (BatchNorm in eval mode). Random draws depend only on `step`.
   */
  perturb(
    batch: AdversaryBatch,
    weights: ReadonlyMap<string, Tensor>,
    at: { readonly epsilon: number; readonly step: number },
  ): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** An adversary whose programs are compiled once; the current weights are passed to them as inputs. */
export function createAdversary(
  classifier: Classifier,
  spec: AdversarySpec,
  options: AdversaryOptions,
): Adversary {
  const { batchSize, random } = options;
  const weights = objectiveOf(spec, options);
  const needs = needsOf(movableTerms(weights ?? {}));
  const step: Question = {
    key: "step",
    kind: "gradient",
    build: (bound) => pgdStepGraph(bound, { norm: spec.norm, ...(weights && { weights }) }),
    outputs: [STEP.next, STEP.gradientPeak],
  };
  const clean: Question | undefined = needs.clean
    ? {
        key: "clean",
        kind: "forward",
        build: (bound) => forwardGraph(bound, { attention: needs.attention }),
      }
    : undefined;
  const model = answererOf(classifier, { ...options, batchSize: options.rows ?? batchSize });
  let zeroGradients = 0;
  return {
    zeroGradientShare: () => zeroGradients / batchSize,
    dispose: model.dispose,
    async perturb({ images, oneHot }, current, at) {
      const size = images.length / batchSize;
      const classes = oneHot.length / batchSize;
      model.use(current);
      const jobs = Array.from({ length: batchSize }, (_, i): Job<Float32Array> => {
        const image = images.subarray(i * size, (i + 1) * size);
        const row = oneHot.subarray(i * classes, (i + 1) * classes);
        return {
          place: i,
          index: i,
          // Draw 0 belongs to the clean images, if the objective compares with them.
          draw: at.step * (spec.steps + 1) + Number(clean === undefined),
          start: () =>
            walk(image, {
              spec,
              questions: { step, clean },
              oneHot: row,
              epsilon: at.epsilon,
              source: random.stream("adversary-start", at.step, i),
            }),
        };
      });
      const adversarial = new Float32Array(images.length);
      zeroGradients = 0;
      for await (const { place, value, zeroGradient } of pack(model, jobs)) {
        adversarial.set(value, place * size);
        zeroGradients += Number(zeroGradient);
      }
      return adversarial;
    },
  };
}

interface Walk {
  readonly spec: AdversarySpec;
  readonly questions: { readonly step: Question; readonly clean: Question | undefined };
  readonly oneHot: Float32Array;
  readonly epsilon: number;
  /** Draws the start. */
  readonly source: RandomStream;
}

/** Walks one image to its last iterate. */
function* walk(
  image: Float32Array,
  { spec, questions, oneHot, epsilon, source }: Walk,
): Asking<Float32Array> {
  const ball = ballAround({ norm: spec.norm, epsilon }, image);
  const rows = {
    ...ball.rows,
    ...(questions.clean && (yield* ask(questions.clean, { [STEP.image]: image }))),
    [STEP.oneHot]: oneHot,
    [STEP.inverseTemperature]: Float32Array.of(1),
    [STEP.stepSize]: Float32Array.of(epsilon * spec.relativeStepSize),
  };
  return yield* iterate(startOf(spec, image, ball, source), spec.steps, function* (x) {
    return (yield* ask(questions.step, { ...rows, [STEP.image]: x }))[STEP.next]!;
  });
}

function startOf(
  { randomStart, startDeviation }: AdversarySpec,
  image: Float32Array,
  ball: Ball,
  source: RandomStream,
): Float32Array {
  if (!randomStart) return image;
  if (startDeviation === undefined) return ball.sample(source);
  const start = source.fillNormal(new Float32Array(image.length), startDeviation);
  for (let k = 0; k < start.length; k++) start[k]! += image[k]!;
  return start;
}

/** The classifier with the weights that it was given last. */
interface Attacked extends Answerer {
  use(weights: ReadonlyMap<string, Tensor>): void;
  dispose(): Promise<void>;
}

function answererOf(
  classifier: Classifier,
  { batchSize, random, threads, compile: compiler = compile }: AdversaryOptions,
): Attacked {
  const bound = bindForTraining(classifier, batchSize);
  const weights = new Set([...classifier.parameters, ...classifier.buffers]);
  const programs = new Map<string, Program>();
  let current: Feeds = {};
  return {
    batchSize,
    drawsOf: () => 1,
    use: (given) => (current = Object.fromEntries(given)),
    async answer({ key, build, outputs }, queries, at) {
      let program = programs.get(key);
      if (program === undefined) {
        const graph = deadCode(build(bound));
        const steady = graph.inputs.filter((name) => weights.has(name));
        program = await compiler(graph, { steady, ...(threads === undefined ? {} : { threads }) });
        programs.set(key, program);
      }
      const drawn = drawRandomInputs(
        classifier,
        at.map(({ index }) => index),
        { random, purpose: "adversary", draw: at.map(({ draw }) => draw) },
      );
      return runRows(program, queries, {
        image: bound.image,
        whole: { ...current, ...drawn },
        fetch: outputs,
      });
    },
    async dispose() {
      await Promise.all(Array.from(programs.values(), (program) => program.dispose()));
    },
  };
}

/**
 * Weights of the loss that δ maximises; undefined for the label's log-odds, which have the direction of cross-entropy and
 * keep it where float32 would round it to 0. A smoothed label does not saturate.
 */
function objectiveOf(
  spec: AdversarySpec,
  { lossWeights, smoothed }: AdversaryOptions,
): LossWeights | undefined {
  if (spec.objective === "kl") return { klDivergence: 1 };
  if (spec.objective === "total" && lossWeights !== undefined) return lossWeights;
  return smoothed === true ? { adversarial: 1 } : undefined;
}
