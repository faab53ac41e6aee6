import { oneHot, type Compile } from "../attacks/index.js";
import { createGenerator, sizeOf, tensor, zeroPadded, type Tensor } from "../tensor/index.js";
import type { Graph } from "../graph/index.js";
import { bindBatch, bindForInference, drawRandomInputs, type Classifier } from "../models/index.js";
import { compile, type Program } from "../runtime/index.js";
import { attentionGraph, EXPLAIN, gradCamGraph, scoreGradientGraph } from "./graphs.js";
import {
  integratedGradients,
  type IntegratedGradients,
  type ScoreAndGradient,
} from "./integrated-gradients.js";
import { TAPPED, type Method } from "./methods.js";
import { findTap } from "./tap.js";

/** What to explain, and how. */
export interface ExplainerOptions {
  readonly methods: readonly Method[];
  /** Images per run. A smaller batch is padded with zeros. */
  readonly batchSize: number;
  /** The tap that Grad-CAM and attention use; the last by default. */
  readonly tap?: string | undefined;
  /** Points on the path from black to the image; 50 by default. */
  readonly steps?: number | undefined;
  readonly threads?: number | undefined;
  /** Seed of a randomised classifier's draws: one draw for everything explained about an image. */
  readonly seed?: number | undefined;
  readonly compile?: Compile | undefined;
  /** Called after each run of a program. */
  readonly onRun?: (() => void) | undefined;
}

/** Non-negative maps of some images. */
export interface Maps {
  readonly height: number;
  readonly width: number;
  /** `[N, height, width]`. */
  readonly data: Float32Array;
}

/** Maps by method. */
export interface Explanations {
  readonly maps: ReadonlyMap<Method, Maps>;
  /** Present if requested. Their map is |Σ_c IG_c|. */
  readonly integrated: IntegratedGradients | undefined;
}

/** Images `[N, C, H, W]`, the classes to explain, and the positions in the dataset, which address the random draws. */
export interface ExplainedImages {
  readonly images: Float32Array;
  readonly classes: Int32Array;
  readonly indices: Uint32Array;
}

/** Explains the answers of a classifier by its gradient. Call `dispose` when you are done with it. */
export interface Explainer {
  /** Number of program runs that one call of `explain` takes. */
  readonly runs: number;
  /** Maps of a batch by every requested method. */
  explain(batch: ExplainedImages): Promise<Explanations>;
  /** Frees the programs. */
  dispose(): Promise<void>;
}

const STEPS = 50;

type ProgramKey = "gradCam" | "attention" | "gradient";

/** Programs by their outputs. */
type Programs = ReadonlyMap<ProgramKey, Program>;

/**
 * Compiles everything that the methods need. @throws InputError naming a missing tap or a node without a gradient.
 * @example
 * ```ts
 * import { createExplainer, loadClassifier } from "holdfast";
 *
 * const classifier = await loadClassifier("my-model.onnx");
 * const explainer = await createExplainer(classifier, { methods: ["saliency", "integrated-gradients"], batchSize: 1 });
 * const images = new Float32Array(classifier.channels * classifier.height * classifier.width).fill(0.5);
 * const { maps } = await explainer.explain({ images, classes: Int32Array.of(0), indices: Uint32Array.of(0) });
 * console.log(maps.get("saliency")?.data);
 * await explainer.dispose();
 * ```
 */
export async function createExplainer(classifier: Classifier, options: ExplainerOptions): Promise<Explainer> {
  const { methods, steps = STEPS } = options;
  const tap = methods.some((method) => TAPPED.has(method))
    ? findTap(classifier, options.tap).value
    : undefined;
  const programs = await compileAll(classifier, options, tap);
  const mapSize =
    tap === undefined ? [] : bindBatch(classifier, options.batchSize).graph.values.get(tap)!.shape.slice(2);
  const runsOf = (method: Method): number => (method === "integrated-gradients" ? steps + 2 : 1);
  return {
    runs: methods.reduce((sum, method) => sum + runsOf(method), 0),
    explain: (batch) => explainBatch({ classifier, options, programs, mapSize }, batch),
    async dispose() {
      await Promise.all([...programs.values()].map((program) => program.dispose()));
    },
  };
}

async function compileAll(
  classifier: Classifier,
  options: ExplainerOptions,
  tap: string | undefined,
): Promise<Programs> {
  const { methods, batchSize, threads, compile: compiler = compile } = options;
  const bound = bindForInference(classifier, batchSize);
  // Folding BatchNormalization removes some values that are not taps of the model.
  const tapped = tap === undefined || bound.graph.values.has(tap) ? bound : bindBatch(classifier, batchSize);
  const graphs: [ProgramKey, Graph][] = [];
  if (methods.includes("grad-cam")) graphs.push(["gradCam", gradCamGraph(tapped, tap!)]);
  if (methods.includes("attention")) graphs.push(["attention", attentionGraph(tapped, tap!)]);
  if (methods.some((method) => !TAPPED.has(method))) graphs.push(["gradient", scoreGradientGraph(bound)]);
  const programs = new Map<ProgramKey, Program>();
  for (const [key, graph] of graphs) {
    programs.set(key, await compiler(graph, threads === undefined ? {} : { threads }));
  }
  return programs;
}

interface Work {
  readonly classifier: Classifier;
  readonly options: ExplainerOptions;
  readonly programs: Programs;
  /** Height and width of the tap. */
  readonly mapSize: readonly number[];
}

async function explainBatch(work: Work, batch: ExplainedImages): Promise<Explanations> {
  const { classifier, options, mapSize } = work;
  const { images, classes } = batch;
  const count = classes.length;
  const run = createRun(work, batch);
  const first = (data: Tensor | undefined): Float32Array =>
    (data!.data as Float32Array).slice(0, (data!.data.length / options.batchSize) * count);
  const evaluate: ScoreAndGradient = async (pixels) => {
    const outputs = await run("gradient", pixels);
    return { score: first(outputs[EXPLAIN.score]), gradient: first(outputs[EXPLAIN.gradient]) };
  };
  const tapped = async (key: "gradCam" | "attention"): Promise<Maps> => {
    const [height, width] = mapSize as [number, number];
    return { height, width, data: first((await run(key, images))[EXPLAIN[key]]) };
  };
  let integrated: IntegratedGradients | undefined;
  const mapsOf: Readonly<Record<Method, () => Promise<Maps>>> = {
    "grad-cam": () => tapped("gradCam"),
    attention: () => tapped("attention"),
    async saliency() {
      return overChannels(classifier, (await evaluate(images)).gradient, "each");
    },
    async "integrated-gradients"() {
      integrated = await integratedGradients(evaluate, images, { steps: options.steps ?? STEPS, count });
      return overChannels(classifier, integrated.attributions, "sum");
    },
  };
  const maps = new Map<Method, Maps>();
  for (const method of options.methods) maps.set(method, await mapsOf[method]());
  return { maps, integrated };
}

/** Runs a program on images, the rest of its batch filled with zeros. */
function createRun(
  { classifier, options, programs }: Work,
  { classes, indices }: ExplainedImages,
): (key: ProgramKey, images: Float32Array) => Promise<Record<string, Tensor>> {
  const { batchSize } = options;
  const { channels, height, width, classNames } = classifier;
  const aim = oneHot(zeroPadded(classes, batchSize), classNames.length);
  const fixed: Record<string, Tensor> = {
    [EXPLAIN.oneHot]: tensor("float32", [batchSize, classNames.length], aim),
    ...drawRandomInputs(classifier, zeroPadded(indices, batchSize), {
      random: createGenerator(options.seed ?? 0),
      purpose: "explanation",
      draw: 0,
    }),
  };
  return async (key, images) => {
    const program = programs.get(key)!;
    const pixels = zeroPadded(images, batchSize * channels * height * width);
    const feeds: Record<string, Tensor> = {
      ...fixed,
      [classifier.image]: tensor("float32", [batchSize, channels, height, width], pixels),
    };
    const wanted = program.inputs.map(({ name }) => [name, feeds[name]!] as const);
    const outputs = await program.run(Object.fromEntries(wanted));
    options.onRun?.();
    return outputs;
  };
}

/** Σ_c |v_c|, or |Σ_c v_c|, of values `[N, C, H, W]`. */
function overChannels(
  { channels, height, width }: Classifier,
  values: Float32Array,
  magnitude: "each" | "sum",
): Maps {
  const area = sizeOf([height, width]);
  const data = new Float32Array(values.length / channels);
  data.forEach((_, i) => {
    const start = Math.floor(i / area) * channels * area + (i % area);
    let total = 0;
    for (let c = 0; c < channels; c++) {
      const value = values[start + c * area]!;
      total += magnitude === "each" ? Math.abs(value) : value;
    }
    data[i] = Math.abs(total);
  });
  return { height, width, data };
}
