import { deadCode, type Graph } from "../graph/index.js";
import { bindForInference, type BoundClassifier, type Classifier } from "../models/index.js";
import { compile, type CompileOptions, type Feeds, type Program } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";
import { createDraws } from "./draws.js";
import { forwardGraph, STEP } from "./pgd-step.js";
import { createPeaks } from "./gradient-peaks.js";
import { logMeanProbabilities } from "./scoring.js";

/** Turns a graph into something that runs; a worker's `compile` keeps the thread free. */
export type Compile = (graph: Graph, options?: CompileOptions) => Promise<Program>;

export interface TargetOptions {
  /** Images a run; a smaller batch is padded. */
  readonly batchSize: number;
  readonly threads?: number;
  readonly compile?: Compile;
  /** Draws that a randomised classifier's answer is averaged over; 10 by default. */
  readonly samples?: number | undefined;
  /** Seed of those draws; 0 by default. */
  readonly seed?: number | undefined;
}

/** Evaluations of a classifier so far, in images. */
export interface QueryCount {
  forward: number;
  gradient: number;
}

/**
 * A classifier under attack: compiled programs of one batch size, made when first asked
 * for, and a count of every query. It has a lifetime: dispose of it.
 */
export interface Target {
  /** The name of the programs' image input. */
  readonly image: string;
  readonly batchSize: number;
  readonly classCount: number;
  /** Elements of one image, C · H · W. */
  readonly imageSize: number;
  readonly imageShape: readonly [number, number, number, number];
  readonly queries: QueryCount;
  /** Whether the classifier draws at random: each run below then draws anew. */
  readonly randomised: boolean;
  /** Draws that an answer is averaged over; 1 for a deterministic classifier. */
  readonly samples: number;
  /**
   * Says which images the following runs are of: a randomised classifier's draws depend on
   * the image's place in its dataset and on how often it was run since, not on its batch.
   */
  begin(indices: Uint32Array): void;
  /**
   * `[batchSize]`, since `begin`: 1 where the gradient of the image was zero or denormal in at least half of its
   * evaluations, as programs with the output `STEP.gradientPeak` tell; 0 where there were none.
   */
  zeroGradients(): Uint8Array;
  /**
   * Logits `[batchSize, K]` of images `[batchSize, C, H, W]`. Of a randomised classifier: the
   * logarithm of its mean probabilities over `samples` draws, which is how it classifies.
   */
  logits(images: Float32Array): Promise<Float32Array>;
  /** Runs the gradient program called `key`, built by `build` when it is new. */
  gradient(
    key: string,
    build: (classifier: BoundClassifier) => Graph,
    feeds: Feeds,
  ): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

const SAMPLES = 10;

/** Compiles nothing yet; programs are compiled when they are first used. */
export function createTarget(classifier: Classifier, options: TargetOptions): Target {
  const { batchSize } = options;
  const programs = new Map<string, Promise<Program>>();
  const compiler = options.compile ?? compile;
  const compileOptions = options.threads === undefined ? {} : { threads: options.threads };
  const program = (key: string, build: (classifier: BoundClassifier) => Graph): Promise<Program> => {
    let found = programs.get(key);
    if (found === undefined) {
      // Bound anew for every program: the folded weights are as large as the model, and only needed here.
      found = compiler(deadCode(build(bindForInference(classifier, batchSize))), compileOptions);
      programs.set(key, found);
    }
    return found;
  };
  const imageShape = [batchSize, classifier.channels, classifier.height, classifier.width] as const;
  const queries: QueryCount = { forward: 0, gradient: 0 };
  const draws = createDraws(classifier, batchSize, options.seed ?? 0);
  const peaks = createPeaks(batchSize);
  const samples = draws.randomised ? (options.samples ?? SAMPLES) : 1;
  return {
    image: classifier.image,
    batchSize,
    classCount: classifier.classNames.length,
    imageSize: imageShape[1] * imageShape[2] * imageShape[3],
    imageShape,
    queries,
    randomised: draws.randomised,
    samples,
    begin(indices) {
      draws.begin(indices);
      peaks.begin();
    },
    zeroGradients: peaks.zero,
    async logits(images) {
      const forward = await program("forward", forwardGraph);
      const image = tensor("float32", imageShape, images);
      const once = async (): Promise<Float32Array> => {
        queries.forward += batchSize;
        const outputs = await forward.run({ [classifier.image]: image, ...draws.next() });
        return outputs[STEP.cleanLogits]!.data as Float32Array;
      };
      if (!draws.randomised) return once();
      const answers: Float32Array[] = [];
      for (let sample = 0; sample < samples; sample++) answers.push(await once());
      return logMeanProbabilities(answers, classifier.classNames.length);
    },
    async gradient(key, build, feeds) {
      queries.gradient += batchSize;
      const outputs = await (await program(key, build)).run({ ...feeds, ...draws.next() });
      peaks.observe(outputs[STEP.gradientPeak]);
      return outputs;
    },
    async dispose() {
      const compiled = await Promise.allSettled(programs.values());
      programs.clear();
      await Promise.all(compiled.flatMap((p) => (p.status === "fulfilled" ? [p.value.dispose()] : [])));
    },
  };
}
