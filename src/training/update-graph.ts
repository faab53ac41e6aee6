import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, parametersAsInputs, type Graph, type Value } from "../graph/index.js";
import { attentionMap, needsOf, totalLoss, type Branch, type LossWeights } from "../losses/index.js";
import { bindBatch, trainForm, type BatchStatistics, type Classifier } from "../models/index.js";
import { optimiserGraph, type OptimiserGraph, type OptimiserSpec } from "./optimisers/index.js";

/** Names of the update graph's scalar inputs and of its outputs. */
export const UPDATE = {
  oneHot: "one_hot",
  learningRate: "learning_rate",
  biasCorrection1: "bias_correction_1",
  biasCorrection2: "bias_correction_2",
  /** Share of the old average that the EMA keeps. */
  emaDecay: "ema_decay",
  loss: "loss",
  /** Mean of one term of the loss. */
  term: (name: string): string => `term.${name}`,
  /** Logits `[N, K]` of the adversarial images, or of the clean ones when there are no others. */
  logits: "train_logits",
  gradientNorm: "gradient_norm",
  /** Input: state of a parameter; output: its next value. */
  state: (slot: string, parameter: string): string => `${slot}:${parameter}`,
  ema: (name: string): string => `ema:${name}`,
  next: (name: string): string => `next:${name}`,
} as const;

export interface UpdateGraphOptions {
  /** Images of one half: the graph's batch is this, or twice this when both halves are weighed. */
  readonly batchSize: number;
  readonly weights: LossWeights;
  readonly optimiser: OptimiserSpec;
  /** Whether BatchNorm parameters and biases decay too, as PyTorch's optimisers do by default. */
  readonly decayAll: boolean;
  /** Greatest global norm of the gradient; unbounded when undefined. */
  readonly clipNorm?: number | undefined;
  readonly ema: boolean;
}

/** The update of one training step as a graph. */
export interface UpdateGraph {
  readonly graph: Graph;
  /** Which halves the batch has, in order. */
  readonly halves: readonly ("clean" | "adversarial")[];
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
  const { batchSize } = options;
  const { graph, statistics } = trainForm(bindBatch(classifier, batchSize * halves.length));
  const trained = [...classifier.parameters, ...classifier.buffers];
  const g = GraphBuilder.from(parametersAsInputs(graph, trained));
  const { loss, terms } = meanLoss(g, classifier, halves, options);
  const parameters = classifier.parameters.map((name) => g.value(name));
  const gradients = clipped(g, appendGradients(g, { of: loss, withRespectTo: parameters }), options.clipNorm);
  g.output(loss, UPDATE.loss);
  const state: string[] = [];
  const keep = (name: string, value: Value): void => {
    state.push(name);
    g.output(value, UPDATE.next(name));
  };
  const updated = appendUpdates(g, parameters, gradients, options, keep);
  for (const [name, value] of appendStatistics(g, statistics)) {
    updated.set(name, value);
    keep(name, value);
  }
  if (options.ema) appendAverages(g, updated, keep);
  return { graph: deadCode(g.build()), halves, state, terms };
}

function halvesOf(weights: LossWeights): ("clean" | "adversarial")[] {
  const needs = needsOf(weights);
  return (["clean", "adversarial"] as const).filter((half) => needs[half]);
}

function meanLoss(
  g: GraphBuilder,
  classifier: Classifier,
  halves: UpdateGraph["halves"],
  { batchSize, weights }: UpdateGraphOptions,
): { loss: Value; terms: string[] } {
  const logits = g.value(classifier.logits);
  const maps = needsOf(weights).attention
    ? classifier.taps.map((tap) => attentionMap(g, g.value(tap.value)))
    : [];
  const part = (value: Value, half: number): Value =>
    halves.length === 1
      ? value
      : g.op("Slice", [value, g.ints([half * batchSize]), g.ints([(half + 1) * batchSize]), g.ints([0])]);
  const branches: Partial<Record<"clean" | "adversarial", Branch>> = {};
  halves.forEach((half, i) => {
    branches[half] = { logits: part(logits, i), attention: maps.map((map) => part(map, i)) };
  });
  const oneHot = g.input(UPDATE.oneHot, "float32", [batchSize, classifier.classNames.length]);
  const imageGradient = (scalar: Value): Value => {
    const [gradient] = appendGradients(g, { of: scalar, withRespectTo: [g.value(classifier.image)] });
    return part(gradient!, halves.indexOf("clean"));
  };
  const { perImage, terms } = totalLoss(g, { ...branches, oneHot, imageGradient }, weights);
  for (const [name, value] of Object.entries(terms)) {
    g.output(g.op("ReduceMean", [value], { keepdims: 0 }), UPDATE.term(name));
  }
  g.output(branches[halves.at(-1)!]!.logits, UPDATE.logits);
  return { loss: g.op("ReduceMean", [perImage], { keepdims: 0 }), terms: Object.keys(terms) };
}

/** g ← g · min(1, c / (‖g‖₂ + 1e-6)), one norm for all (torch.nn.utils.clip_grad_norm_). */
function clipped(
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

function appendUpdates(
  g: GraphBuilder,
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
  parameters.forEach((parameter, i) => {
    const state = optimiser.slots.map((slot) =>
      g.input(UPDATE.state(slot, parameter.name), "float32", parameter.shape),
    );
    const next = optimiser.emit(g, {
      parameter,
      gradient: gradients[i]!,
      state,
      learningRate,
      biasCorrection1,
      biasCorrection2,
      decays: options.decayAll || parameter.shape.length > 1,
    });
    updated.set(parameter.name, next.parameter);
    keep(parameter.name, next.parameter);
    next.state.forEach((value, j) => keep(state[j]!.name, value));
  });
  return updated;
}

/** running ← .9 running + .1 batch, with the unbiased variance, as PyTorch has it. */
function appendStatistics(g: GraphBuilder, statistics: readonly BatchStatistics[]): Map<string, Value> {
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
function appendAverages(
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
