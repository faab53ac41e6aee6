import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, parametersAsInputs, type Graph, type Value } from "../graph/index.js";
import type { LossWeights } from "../losses/index.js";
import { bindBatch, trainForm, type BatchStatistics, type Classifier } from "../models/index.js";
import { halvesOf, meanLoss, recomputed, type Half } from "./loss-graph.js";
import { optimiserGraph, type OptimiserGraph, type OptimiserSpec } from "./optimisers/index.js";
import { UPDATE } from "./update-names.js";
import { movedWeights, perturbationGraph, perturbedWeights } from "./weight-perturbation.js";

export interface UpdateGraphOptions {
  /** Images of one half: the graph's batch is this, or twice this when both halves are weighed. */
  readonly batchSize: number;
  /** Equal parts that the batch is computed in, one after the other; 1 by default. */
  readonly parts?: number | undefined;
  /** Segments of the forward pass, all but the last of which are computed again in the backward pass; 1 by default. */
  readonly segments?: number | undefined;
  readonly weights: LossWeights;
  readonly optimiser: OptimiserSpec;
  /** Whether BatchNorm parameters and biases decay too, as PyTorch's optimisers do by default. */
  readonly decayAll: boolean;
  /** Greatest global norm of the gradient; unbounded when undefined. */
  readonly clipNorm?: number | undefined;
  readonly ema: boolean;
  /** γ of adversarial weight perturbation; none when undefined. */
  readonly gamma?: number | undefined;
  /** Free adversarial training: the update moves the images' perturbation too. */
  readonly free?: boolean | undefined;
  /** Parameters and statistics that stay as they are. */
  readonly frozen?: ReadonlySet<string> | undefined;
  /** Multiples of the learning rate, by parameter; 1 by default. */
  readonly rates?: ReadonlyMap<string, number> | undefined;
}

/** The update of one training step as a graph. */
export interface UpdateGraph {
  readonly graph: Graph;
  /** Of a batch in parts: the gradient of one; `graph` is then the step alone. */
  readonly part?: Graph | undefined;
  /** The perturbation of the weights that the update takes, where γ is given. */
  readonly perturbation?: Graph | undefined;
  /** Of a batch in parts: the fewest numbers a channel that a BatchNormalization normalises by. */
  readonly normalisedBy?: number | undefined;
  /** Which halves the batch has, in order. */
  readonly halves: readonly Half[];
  /** Every tensor that lives from step to step: each is an input, and `next:` it an output. */
  readonly state: readonly string[];
  readonly terms: readonly string[];
}

/** PyTorch's BatchNorm momentum. */
const RUNNING_MOMENTUM = 0.1;
const CLIP_EPSILON = 1e-6;

/** Builds the update graph of a classifier: loss, gradient, optimiser, statistics, averages. */
export function updateGraph(classifier: Classifier, options: UpdateGraphOptions): UpdateGraph {
  const halves = halvesOf(options.weights);
  const { batchSize, frozen = new Set() } = options;
  const { graph, statistics } = trainForm(bindBatch(classifier, batchSize * halves.length), frozen);
  const names = classifier.parameters.filter((name) => !frozen.has(name));
  const trained = [...names, ...classifier.buffers.filter((name) => !frozen.has(name))];
  const { g, moved } = movedWeights(
    parametersAsInputs(graph, trained),
    options.gamma === undefined ? [] : perturbedWeights(classifier),
  );
  const { loss, terms } = meanLoss(g, classifier, halves, options);
  const parameters = names.map((name) => moved.get(name) ?? g.value(name));
  const image = g.value(classifier.image);
  const withRespectTo = options.free === true ? [...parameters, image] : parameters;
  const whole = appendGradients(g, {
    of: loss,
    withRespectTo,
    recompute: recomputed(g, classifier, options.segments),
  });
  const gradients = clipped(g, whole.slice(0, parameters.length), options.clipNorm);
  g.output(loss, UPDATE.loss);
  const state: string[] = [];
  const keep = (name: string, value: Value): void => {
    state.push(name);
    g.output(value, UPDATE.next(name));
  };
  const updated = appendUpdates(g, names, parameters, gradients, options, keep);
  if (options.free === true) keep(UPDATE.delta, nextDelta(g, image, whole.at(-1)!));
  for (const [name, value] of appendStatistics(g, statistics)) {
    updated.set(name, value);
    keep(name, value);
  }
  if (options.ema) appendAverages(g, updated, keep);
  const { gamma } = options;
  return {
    graph: deadCode(g.build()),
    perturbation: gamma === undefined ? undefined : perturbationGraph(classifier, { ...options, gamma }),
    halves,
    state,
    terms,
  };
}

/** g ← g · min(1, c / (‖g‖₂ + 1e-6)), one norm for all (torch.nn.utils.clip_grad_norm_). */
export function clipped(
  g: GraphBuilder,
  gradients: readonly Value[],
  clipNorm: number | undefined,
): readonly Value[] {
  if (clipNorm === undefined) return gradients;
  const squares = gradients.map((gradient) => g.op("ReduceSumSquare", [gradient], { keepdims: 0 }));
  const norm = g.op("Sqrt", [squares.length === 1 ? squares[0] : g.op("Sum", squares)]);
  g.output(norm, UPDATE.gradientNorm);
  const ratio = g.op("Div", [g.scalar(clipNorm), g.op("Add", [norm, g.scalar(CLIP_EPSILON)])]);
  const factor = g.op("Min", [ratio, g.scalar(1)]);
  return gradients.map((gradient) => g.op("Mul", [gradient, factor]));
}

/** δ ← clip( δ + step · sign ∇ₓL, −ε, ε ); the host clips x + δ to [0, 1]. */
function nextDelta(g: GraphBuilder, image: Value, gradient: Value): Value {
  const [delta, epsilon, step] = [
    g.input(UPDATE.delta, "float32", image.shape),
    g.input(UPDATE.epsilon, "float32", []),
    g.input(UPDATE.deltaStep, "float32", []),
  ];
  const moved = g.op("Add", [delta, g.op("Mul", [g.op("Sign", [gradient]), step])]);
  return g.op("Min", [g.op("Max", [moved, g.op("Neg", [epsilon])]), epsilon]);
}

export function appendUpdates(
  g: GraphBuilder,
  names: readonly string[],
  parameters: readonly Value[],
  gradients: readonly Value[],
  options: UpdateGraphOptions,
  keep: (name: string, value: Value) => void,
): Map<string, Value> {
  const optimiser: OptimiserGraph = optimiserGraph(options.optimiser);
  const scalar = (name: string): Value => g.input(name, "float32", []);
  const learningRate = scalar(UPDATE.learningRate);
  const corrected = options.optimiser.kind !== "sgd";
  const biasCorrection1 = corrected ? scalar(UPDATE.biasCorrection1) : learningRate;
  const biasCorrection2 = corrected ? scalar(UPDATE.biasCorrection2) : learningRate;
  const updated = new Map<string, Value>();
  // As the backward pass comes to them: each gradient is then used up before the next.
  for (const i of [...names.keys()].reverse()) {
    const [name, parameter] = [names[i]!, parameters[i]!];
    const state = optimiser.slots.map((slot) =>
      g.input(UPDATE.state(slot, name), "float32", parameter.shape),
    );
    const next = optimiser.emit(g, {
      parameter,
      gradient: gradients[i]!,
      state,
      learningRate: scaled(g, learningRate, options.rates?.get(name)),
      biasCorrection1,
      biasCorrection2,
      decays: options.decayAll || parameter.shape.length > 1,
    });
    // The step is taken at the moved weight, then the move is undone (Wu et al. 2020, algorithm 1).
    const value =
      parameter.name === name
        ? next.parameter
        : g.op("Sub", [next.parameter, g.value(UPDATE.perturbation(name))]);
    updated.set(name, value);
    keep(name, value);
    next.state.forEach((value, j) => keep(state[j]!.name, value));
  }
  return updated;
}

function scaled(g: GraphBuilder, learningRate: Value, factor: number | undefined): Value {
  return factor === undefined || factor === 1 ? learningRate : g.op("Mul", [learningRate, g.scalar(factor)]);
}

/** running ← .9 running + .1 batch, with the unbiased variance, as PyTorch has it. */
export function appendStatistics(
  g: GraphBuilder,
  statistics: readonly BatchStatistics[],
): Map<string, Value> {
  const next = new Map<string, Value>();
  for (const { runningMean, runningVariance, batchMean, batchVariance, count } of statistics) {
    const blend = (running: string, batch: string, factor: number): Value => {
      const kept = g.op("Mul", [g.value(running), g.scalar(1 - RUNNING_MOMENTUM)]);
      return g.op("Add", [kept, g.op("Mul", [g.value(batch), g.scalar(RUNNING_MOMENTUM * factor)])]);
    };
    next.set(runningMean, blend(runningMean, batchMean, 1));
    next.set(runningVariance, blend(runningVariance, batchVariance, count / Math.max(1, count - 1)));
  }
  return next;
}

/** average ← d · average + (1 − d) · value, over weights and statistics alike. */
export function appendAverages(
  g: GraphBuilder,
  updated: ReadonlyMap<string, Value>,
  keep: (name: string, value: Value) => void,
): void {
  const decay = g.input(UPDATE.emaDecay, "float32", []);
  for (const [name, value] of updated) {
    const average = g.input(UPDATE.ema(name), "float32", value.shape);
    // average + (1 − d) (value − average): one product fewer, exact at equality.
    const distance = g.op("Sub", [value, average]);
    const share = g.op("Sub", [g.scalar(1), decay]);
    keep(UPDATE.ema(name), g.op("Add", [average, g.op("Mul", [distance, share])]));
  }
}
