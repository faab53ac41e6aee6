import { appendGradients } from "../autodiff/index.js";
import {
  deadCode,
  GraphBuilder,
  parametersAsInputs,
  rewrite,
  type Graph,
  type Value,
} from "../graph/index.js";
import type { LossWeights } from "../losses/index.js";
import { bindBatch, trainForm, type Classifier } from "../models/index.js";
import { halvesOf, meanLoss, recomputed } from "./loss-graph.js";
import { UPDATE } from "./update-names.js";

/** Keeps a weight without gradient unchanged. */
const SMALLEST_NORM = 1e-20;

export interface PerturbationOptions {
  /** Images of one half. */
  readonly batchSize: number;
  readonly weights: LossWeights;
  readonly gamma: number;
  readonly segments?: number | undefined;
}

/** Weights that are perturbed: matrices and kernels, neither biases nor BatchNorm's parameters. */
export function perturbedWeights({ parameters, graph }: Classifier): string[] {
  return parameters.filter((name) => graph.values.get(name)!.shape.length > 1);
}

/** The graph with `w + perturbation:w` in place of each named weight w. */
export function movedWeights(
  graph: Graph,
  names: readonly string[],
): { readonly g: GraphBuilder; readonly moved: ReadonlyMap<string, Value> } {
  const moved = new Map<string, Value>();
  const before = (g: GraphBuilder): void => {
    for (const name of names) {
      const weight = g.value(name);
      const move = g.input(UPDATE.perturbation(name), weight.dtype, weight.shape);
      moved.set(name, g.op("Add", [weight, move], {}, { name: `moved:${name}` }));
      g.redirect(name, moved.get(name)!);
    }
  };
  const keepNode = (): undefined => undefined;
  return { g: GraphBuilder.from(rewrite<number>(graph, keepNode, { before })), moved };
}

/**
 * Adversarial weight perturbation (Wu et al. 2020, arXiv:2004.05884, eq. 9), tensor by tensor:
 *
 *   v_l = γ · ‖w_l‖ · ∇_l / ‖∇_l‖,   ∇ = gradient of the recipe's loss at w, BatchNorm in training form
 *
 * Inputs are those of {@link updateGraph} that the loss needs; outputs `perturbation:w`.
 */
export function perturbationGraph(classifier: Classifier, options: PerturbationOptions): Graph {
  const halves = halvesOf(options.weights);
  const { graph } = trainForm(bindBatch(classifier, options.batchSize * halves.length));
  const trained = [...classifier.parameters, ...classifier.buffers];
  const g = GraphBuilder.from(parametersAsInputs(graph, trained));
  const names = perturbedWeights(classifier);
  const { loss } = meanLoss(g, classifier, halves, options);
  const weights = names.map((name) => g.value(name));
  const gradients = appendGradients(g, {
    of: loss,
    withRespectTo: weights,
    recompute: recomputed(g, classifier, options.segments),
  });
  names.forEach((name, i) => {
    const [weight, gradient] = [weights[i]!, gradients[i]!];
    const norm = (value: Value): Value => g.op("ReduceL2", [value], { keepdims: 0 });
    const length = g.op("Mul", [norm(weight), g.scalar(options.gamma)]);
    const factor = g.op("Div", [length, g.op("Add", [norm(gradient), g.scalar(SMALLEST_NORM)])]);
    g.output(g.op("Mul", [gradient, factor]), UPDATE.perturbation(name));
  });
  return deadCode({ ...g.build(), outputs: names.map(UPDATE.perturbation) }, { dropInputs: true });
}
