import { deadCode, parametersAsInputs, withInitializers, type Graph } from "../graph/index.js";
import type { LossWeights } from "../losses/index.js";
import { bindBatch, bindForInference, type Classifier } from "../models/index.js";
import { compile, type CompileOptions, type Feeds, type Program } from "../runtime/index.js";
import { tensor, type RandomGenerator, type Tensor } from "../tensor/index.js";
import type { Norm } from "./attack.js";
import { linfBounds, sampleFrom } from "./ball.js";
import { forwardGraph, pgdStepGraph, STEP } from "./pgd-step.js";
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
  /** What δ maximises: the cross-entropy, or the whole loss L of the recipe (paper, eq. 1). */
  readonly objective: "cross-entropy" | "total";
}

/** How the attack program gets weights that change with every training step. */
export type WeightsMode = "constant" | "input";

export interface AdversaryOptions {
  readonly batchSize: number;
  readonly random: RandomGenerator;
  /**
   * `constant`: compiled anew for each training step, with BatchNormalization folded and
   * the fast layout; `input`: compiled once. By default `input` below 1e6 parameters,
   * where compiling costs more than it saves.
   */
  readonly weightsMode?: WeightsMode;
  /** The recipe's weights, for the objective `total`. */
  readonly lossWeights?: LossWeights;
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
  readonly weightsMode: WeightsMode;
  /**
   * The last iterate of PGD against the classifier with these weights and buffers
   * (BatchNorm in eval mode). Randomness is addressed by `step` alone.
   */
  perturb(
    batch: AdversaryBatch,
    weights: ReadonlyMap<string, Tensor>,
    at: { readonly epsilon: number; readonly step: number },
  ): Promise<Float32Array>;
  dispose(): Promise<void>;
}

const INPUT_MODE_LIMIT = 1e6;

export async function createAdversary(
  classifier: Classifier,
  spec: AdversarySpec,
  options: AdversaryOptions,
): Promise<Adversary> {
  const weightsMode = options.weightsMode ?? defaultMode(classifier);
  const weightNames = [...classifier.parameters, ...classifier.buffers];
  const pairing = spec.objective === "total" && options.lossWeights !== undefined;
  const graphs = (source: Classifier): { step: Graph; forward: Graph | undefined } => {
    const bound = (weightsMode === "constant" ? bindForInference : bindBatch)(source, options.batchSize);
    const step = pgdStepGraph(bound, {
      norm: spec.norm,
      ...(pairing ? { weights: options.lossWeights! } : {}),
    });
    return { step, forward: pairing ? forwardGraph(bound, { attention: true }) : undefined };
  };
  const compiler = options.compile ?? compile;
  const compileOptions: CompileOptions = options.threads === undefined ? {} : { threads: options.threads };
  const compiled = async (source: Classifier, asInputs: boolean): Promise<Programs> => {
    const { step, forward } = graphs(source);
    const prepare = (graph: Graph): Promise<Program> =>
      compiler(asInputs ? parametersAsInputs(graph, weightNames) : deadCode(graph), compileOptions);
    return { step: await prepare(step), forward: forward && (await prepare(forward)) };
  };
  let held = weightsMode === "input" ? await compiled(classifier, true) : undefined;
  return {
    weightsMode,
    async perturb(batch, weights, at) {
      if (weightsMode === "constant") {
        await disposeOf(held);
        held = await compiled({ ...classifier, graph: withInitializers(classifier.graph, weights) }, false);
      }
      const fed = weightsMode === "input" ? Object.fromEntries(weights) : {};
      return iterate(held!, classifier, spec, options, batch, fed, at);
    },
    async dispose() {
      await disposeOf(held);
      held = undefined;
    },
  };
}

interface Programs {
  readonly step: Program;
  readonly forward: Program | undefined;
}

async function disposeOf(programs: Programs | undefined): Promise<void> {
  await programs?.step.dispose();
  await programs?.forward?.dispose();
}

function defaultMode({ graph, parameters }: Classifier): WeightsMode {
  let count = 0;
  for (const name of parameters) count += graph.initializers.get(name)!.data.length;
  return count < INPUT_MODE_LIMIT ? "input" : "constant";
}

async function iterate(
  { step, forward }: Programs,
  classifier: Classifier,
  spec: AdversarySpec,
  { batchSize, random }: AdversaryOptions,
  { images, oneHot }: AdversaryBatch,
  weights: Feeds,
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
  const feeds: Feeds = {
    ...weights,
    ...ball(),
    ...(forward === undefined ? {} : await forward.run({ ...weights, [classifier.image]: clean })),
    [STEP.oneHot]: tensor("float32", [batchSize, classifier.classNames.length], oneHot),
    [STEP.stepSize]: tensor("float32", [], Float32Array.of(at.epsilon * spec.relativeStepSize)),
  };
  let x: Tensor = clean;
  if (spec.randomStart) {
    const start = new Float32Array(images.length);
    const size = images.length / batchSize;
    for (let i = 0; i < batchSize; i++) {
      sampleFrom(threat, random, "adversary-start", at.step, i, images, start, i * size, size);
    }
    x = tensor("float32", shape, start);
  }
  for (let k = 0; k < spec.steps; k++) {
    const outputs = await step.run({ ...feeds, [classifier.image]: x }, [STEP.next]);
    x = outputs[STEP.next]!;
  }
  return x.data as Float32Array;
}
