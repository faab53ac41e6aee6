import { deadCode, withInitializers, type Graph } from "../graph/index.js";
import { needsOf, type LossWeights } from "../losses/index.js";
import { bindForFewRuns, drawRandomInputs, type Classifier } from "../models/index.js";
import { compile, type CompileOptions, type Feeds, type Program } from "../runtime/index.js";
import { tensor, type RandomGenerator, type Tensor } from "../tensor/index.js";
import type { Norm } from "./attack.js";
import { linfBounds, sampleFrom } from "./ball.js";
import { createPeaks, type Peaks } from "./gradient-peaks.js";
import { forwardGraph, movableTerms, pgdStepGraph, STEP } from "./pgd-step.js";
import { temperatureFeed } from "./step-feeds.js";
import type { Compile } from "./target.js";

/** The adversary a defence trains against, as data. */
export interface AdversarySpec {
  readonly norm: Norm;
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
  /** Of the batch perturbed last: the share of images whose gradient was zero or denormal in half of the steps. */
  zeroGradientShare(): number;
  /**
   * The last iterate of PGD against the classifier with these weights and buffers
   * (BatchNorm in eval mode). Randomness is addressed by `step` alone.
   */
  perturb(
    batch: AdversaryBatch,
    weights: ReadonlyMap<string, Tensor>,
    at: { readonly epsilon: number; readonly step: number },
  ): Promise<Float32Array>;
}

/**
 * Compiles the attack anew for each batch, with the weights of the moment as constants: BatchNormalization
 * folds into the convolutions and ONNX Runtime takes its blocked layout, which saves more over
 * the steps than compiling costs (a small ResNet: 15 ms of 59, where weights as inputs need 77). Weights of
 * small maps are fed.
 */
export function createAdversary(
  classifier: Classifier,
  spec: AdversarySpec,
  options: AdversaryOptions,
): Adversary {
  const weights = objectiveOf(spec, options);
  const needs = needsOf(movableTerms(weights ?? {}));
  const compiler = options.compile ?? compile;
  const compileOptions: CompileOptions = options.threads === undefined ? {} : { threads: options.threads };
  const peaks = createPeaks(options.batchSize);
  return {
    zeroGradientShare: () => peaks.zero().reduce((sum, each) => sum + each, 0) / options.batchSize,
    async perturb(batch, current, at) {
      const source = { ...classifier, graph: withInitializers(classifier.graph, current) };
      const bound = bindForFewRuns(source, options.batchSize);
      const fed = Object.fromEntries(bound.fed.map((name) => [name, source.graph.initializers.get(name)!]));
      const prepare = (graph: Graph): Promise<Program> => compiler(deadCode(graph), compileOptions);
      const step = await prepare(pgdStepGraph(bound, { norm: spec.norm, ...(weights && { weights }) }));
      const forward = needs.clean
        ? await prepare(forwardGraph(bound, { attention: needs.attention }))
        : undefined;
      try {
        peaks.begin();
        return await iterate({ step, forward, fed, peaks }, classifier, spec, options, batch, at);
      } finally {
        await Promise.all([step.dispose(), forward?.dispose()]);
      }
    },
  };
}

/**
 * Weights of what δ maximises; undefined for the label's log-odds, which have cross-entropy's direction and keep it
 * where float32 would round it to 0. A smoothed label has no such end.
 */
function objectiveOf(
  spec: AdversarySpec,
  { lossWeights, smoothed }: AdversaryOptions,
): LossWeights | undefined {
  if (spec.objective === "kl") return { klDivergence: 1 };
  if (spec.objective === "total" && lossWeights !== undefined) return lossWeights;
  return smoothed === true ? { adversarial: 1 } : undefined;
}

interface Programs {
  readonly step: Program;
  readonly forward: Program | undefined;
  /** Weights that both are fed. */
  readonly fed: Feeds;
  readonly peaks: Peaks;
}

async function iterate(
  { step, forward, fed, peaks }: Programs,
  classifier: Classifier,
  spec: AdversarySpec,
  { batchSize, random }: AdversaryOptions,
  { images, oneHot }: AdversaryBatch,
  at: { readonly epsilon: number; readonly step: number },
): Promise<Float32Array> {
  const shape = [batchSize, classifier.channels, classifier.height, classifier.width];
  const threat = { norm: spec.norm, epsilon: at.epsilon };
  const clean = tensor("float32", shape, images);
  const ball = (): Feeds => {
    if (spec.norm === "l2") {
      return { [STEP.original]: clean, [STEP.epsilon]: tensor("float32", [], Float32Array.of(at.epsilon)) };
    }
    const { lower, upper } = linfBounds(images, at.epsilon);
    return { [STEP.lower]: tensor("float32", shape, lower), [STEP.upper]: tensor("float32", shape, upper) };
  };
  const places = Uint32Array.from({ length: batchSize }, (_, i) => i);
  // Draw 0 is the clean images' own, where the objective compares with them.
  const drawn = (k: number): Feeds =>
    drawRandomInputs(classifier, places, {
      random,
      purpose: "adversary",
      draw: at.step * (spec.steps + 1) + k,
    });
  const feeds: Feeds = {
    ...fed,
    ...ball(),
    ...(forward === undefined ? {} : await forward.run({ ...fed, [classifier.image]: clean, ...drawn(0) })),
    ...temperatureFeed(new Float64Array(batchSize).fill(1)),
    [STEP.oneHot]: tensor("float32", [batchSize, classifier.classNames.length], oneHot),
    [STEP.stepSize]: tensor("float32", [], Float32Array.of(at.epsilon * spec.relativeStepSize)),
  };
  let x: Tensor = clean;
  if (spec.randomStart) {
    const start = new Float32Array(images.length);
    const size = images.length / batchSize;
    for (let i = 0; i < batchSize; i++) {
      if (spec.startDeviation === undefined) {
        sampleFrom(threat, random, "adversary-start", at.step, i, images, start, i * size, size);
      } else {
        const noise = random.stream("adversary-start", at.step, i);
        noise.fillNormal(start.subarray(i * size, (i + 1) * size), spec.startDeviation);
        for (let k = i * size; k < (i + 1) * size; k++) start[k]! += images[k]!;
      }
    }
    x = tensor("float32", shape, start);
  }
  for (let k = 0; k < spec.steps; k++) {
    const outputs = await step.run({ ...feeds, ...drawn(k + 1), [classifier.image]: x }, [
      STEP.next,
      STEP.gradientPeak,
    ]);
    peaks.observe(outputs[STEP.gradientPeak]);
    x = outputs[STEP.next]!;
  }
  return x.data as Float32Array;
}
