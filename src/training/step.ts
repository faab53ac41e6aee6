import { argMax, oneHot, type Adversary } from "../attacks/index.js";
import type { Batch, Loader } from "../data/index.js";
import { drawRandomInputs, type Classifier } from "../models/index.js";
import type { Feeds, Program } from "../runtime/index.js";
import { tensor, type RandomGenerator, type Tensor } from "../tensor/index.js";
import { runInParts, type Parts } from "./run-parts.js";
import { linearWarmup, scheduleFactor } from "./schedule.js";
import type { TrainingSettings } from "./settings/index.js";
import { presentWeights, type TrainingState } from "./state.js";
import type { UpdateGraph } from "./update-graph.js";
import { UPDATE } from "./update-names.js";

/** What one step came to. */
export interface StepRecord {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  /** Mean of each unweighted term. */
  readonly terms: Readonly<Record<string, number>>;
  /** Accuracy on the step's own images: the adversarial ones where there are any. */
  readonly accuracy: number;
  readonly learningRate: number;
  readonly epsilon: number | null;
}

/** What the steps of a training share. */
export interface StepContext {
  readonly classifier: Classifier;
  readonly settings: TrainingSettings;
  readonly steps: number;
  readonly random: RandomGenerator;
  readonly loader: Loader;
  readonly update: UpdateGraph;
  /** The update, or of a batch in parts the step along the gradient that they sum. */
  readonly program: Program;
  /** Of a batch in parts: the gradient of one. */
  readonly parts?: Parts | undefined;
  /** Adversarial weight perturbation, where the recipe has it. */
  readonly perturbation: Program | undefined;
  /** Crafts the adversarial half; free adversarial training needs none. */
  readonly adversary: Adversary | undefined;
}

export interface StepOutcome {
  readonly next: TrainingState;
  readonly record: StepRecord;
  readonly logits: Float32Array;
}

/** One step: craft the adversarial half with the weights as they are, then update them. */
export async function oneStep(run: StepContext, state: TrainingState): Promise<StepOutcome> {
  const { settings, steps, classifier, update } = run;
  const { step } = state;
  const spec = settings.recipe.adversary;
  const epsilon = spec && spec.epsilon * linearWarmup(step, Math.round(settings.epsilonWarmup * steps));
  const learningRate =
    settings.learningRate *
    scheduleFactor(settings.schedule, step, steps) *
    linearWarmup(step, Math.round(settings.warmup * steps));
  const batch = await run.loader.batch(Math.floor(step / (settings.recipe.replays ?? 1)));
  const labels = oneHot(batch.labels, classifier.classNames.length, settings.labelSmoothing);
  const images = await bothHalves(run, state, batch, labels, epsilon);
  const feeds = {
    ...Object.fromEntries(state.tensors),
    ...scalarFeeds(settings, step, learningRate, epsilon),
    [classifier.image]: images,
    ...drawRandomInputs(
      classifier,
      Uint32Array.from({ length: images.shape[0]! }, (_, i) => i),
      {
        random: run.random,
        purpose: "update",
        draw: step,
      },
    ),
    [UPDATE.oneHot]: tensor("float32", [batch.size, classifier.classNames.length], labels),
  };
  const outputs =
    run.parts === undefined
      ? await run.program.run(asked(run.program, { ...feeds, ...(await moves(run, step, feeds)) }))
      : await runInParts(run.parts, classifier, update, feeds);
  const scalarOf = (name: string): number => (outputs[name]!.data as Float32Array)[0]!;
  const logits = outputs[UPDATE.logits]!.data as Float32Array;
  return {
    next: {
      ...state,
      step: step + 1,
      tensors: new Map(update.state.map((name) => [name, outputs[UPDATE.next(name)]!])),
    },
    record: {
      step: step + 1,
      loss: scalarOf(UPDATE.loss),
      terms: Object.fromEntries(update.terms.map((name) => [name, scalarOf(UPDATE.term(name))])),
      accuracy: accuracyOf(logits, batch.labels, classifier.classNames.length),
      learningRate,
      epsilon: epsilon ?? null,
    },
    logits,
  };
}

/** `[N, C, H, W]`, or `[2N, C, H, W]`: the halves that the update graph weighs. */
async function bothHalves(
  run: StepContext,
  state: TrainingState,
  batch: Batch,
  labels: Float32Array,
  epsilon: number | undefined,
): Promise<Tensor> {
  const { adversary, classifier, update } = run;
  const weights = presentWeights(classifier, state);
  const perturbed =
    adversary === undefined
      ? moved(batch.images, state.tensors.get(UPDATE.delta))
      : await adversary.perturb({ images: batch.images, oneHot: labels }, weights, {
          epsilon: epsilon!,
          step: state.step,
        });
  const shape = [batch.size, classifier.channels, classifier.height, classifier.width];
  if (update.halves.length === 1) {
    return tensor("float32", shape, update.halves[0] === "clean" ? batch.images : perturbed);
  }
  const both = new Float32Array(2 * batch.images.length);
  both.set(batch.images);
  both.set(perturbed, batch.images.length);
  return tensor("float32", [2 * batch.size, ...shape.slice(1)], both);
}

/** clip( x + δ, 0, 1 ); x where there is no δ. */
function moved(images: Float32Array, delta: Tensor | undefined): Float32Array {
  if (delta === undefined) return images;
  return images.map((value, i) => Math.min(1, Math.max(0, value + (delta.data as Float32Array)[i]!)));
}

function scalarFeeds(
  { optimiser, emaDecay, recipe }: TrainingSettings,
  step: number,
  learningRate: number,
  epsilon: number = 0,
): Feeds {
  const values: Record<string, number> = {
    [UPDATE.learningRate]: learningRate,
    // The average must forget the first weights, however long its memory.
    [UPDATE.emaDecay]: Math.min(emaDecay, (1 + step) / (10 + step)),
    [UPDATE.epsilon]: epsilon,
    [UPDATE.deltaStep]: epsilon * (recipe.adversary?.relativeStepSize ?? 0),
  };
  if (optimiser.kind !== "sgd") {
    values[UPDATE.biasCorrection1] = 1 - optimiser.beta1 ** (step + 1);
    values[UPDATE.biasCorrection2] = 1 - optimiser.beta2 ** (step + 1);
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, tensor("float32", [], Float32Array.of(value))]),
  );
}

/** The feeds that the program has inputs for. */
function asked({ inputs }: Program, feeds: Feeds): Feeds {
  return Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]!]));
}

/** Adversarial weight perturbation of this step; zero before its time. */
async function moves(
  { perturbation, settings, steps }: StepContext,
  step: number,
  feeds: Feeds,
): Promise<Feeds> {
  if (perturbation === undefined) return {};
  if (step >= settings.recipe.weightPerturbation!.from * steps) {
    return perturbation.run(asked(perturbation, feeds));
  }
  return Object.fromEntries(perturbation.outputs.map(({ name, shape }) => [name, tensor("float32", shape)]));
}

function accuracyOf(logits: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  labels.forEach((label, i) => {
    if (argMax(logits, i * classes, classes) === label) correct++;
  });
  return correct / labels.length;
}
