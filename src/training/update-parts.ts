import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, parametersAsInputs, type Graph, type Value } from "../graph/index.js";
import { bindBatch, trainForm, type Classifier } from "../models/index.js";
import { halvesOf, meanLoss, recomputed } from "./loss-graph.js";
import {
  appendAverages,
  appendStatistics,
  appendUpdates,
  clipped,
  type UpdateGraph,
  type UpdateGraphOptions,
} from "./update-graph.js";
import { UPDATE } from "./update-names.js";

/**
 * The update of a step whose batch of B images is computed in P parts of B / P, one after the other (gradient accumulation):
 *
 *   sum ← sum + ∇ mean loss of the part / P ,   then one step along the sum
 *
 * The sum is the gradient of the mean over the whole batch, but for BatchNormalization: it normalises by its part, and its running
 * averages move at each part, as PyTorch's do.
 */
export function updateGraphInParts(classifier: Classifier, options: UpdateGraphOptions): UpdateGraph {
  const { parts = 1, batchSize, frozen = new Set() } = options;
  const halves = halvesOf(options.weights);
  const size = batchSize / parts;
  const { graph, statistics } = trainForm(bindBatch(classifier, size * halves.length), frozen);
  const names = classifier.parameters.filter((name) => !frozen.has(name));
  const buffers = classifier.buffers.filter((name) => !frozen.has(name));
  const g = GraphBuilder.from(parametersAsInputs(graph, [...names, ...buffers]));
  const { loss, terms } = meanLoss(g, classifier, halves, { batchSize: size, weights: options.weights });
  const parameters = names.map((name) => g.value(name));
  const gradients = appendGradients(g, {
    of: loss,
    withRespectTo: parameters,
    recompute: recomputed(g, classifier, options.segments),
  });
  g.output(loss, UPDATE.loss);
  names.forEach((name, i) => {
    const sum = g.input(UPDATE.sum(name), "float32", parameters[i]!.shape);
    const share = g.op("Mul", [gradients[i]!, g.scalar(1 / parts)]);
    g.output(g.op("Add", [sum, share]), UPDATE.next(UPDATE.sum(name)));
  });
  for (const [name, value] of appendStatistics(g, statistics)) g.output(value, UPDATE.next(name));
  const { graph: step, state } = stepGraph(classifier, names, buffers, options);
  const normalisedBy = Math.min(...statistics.map(({ count }) => count));
  return { graph: step, part: deadCode(g.build()), normalisedBy, halves, state, terms };
}

/** From the summed gradients, and the statistics that the last part left, to the next weights. */
function stepGraph(
  classifier: Classifier,
  names: readonly string[],
  buffers: readonly string[],
  options: UpdateGraphOptions,
): { readonly graph: Graph; readonly state: readonly string[] } {
  const g = new GraphBuilder("step");
  const input = (name: string, of: string): Value =>
    g.input(name, "float32", classifier.graph.initializers.get(of)!.shape);
  const parameters = names.map((name) => input(name, name));
  const gradients = clipped(
    g,
    names.map((name) => input(UPDATE.sum(name), name)),
    options.clipNorm,
  );
  const state: string[] = [];
  const keep = (name: string, value: Value): void => {
    state.push(name);
    g.output(value, UPDATE.next(name));
  };
  const updated = appendUpdates(g, names, parameters, gradients, options, keep);
  // The parts have moved them.
  state.push(...buffers);
  if (options.ema) {
    for (const name of buffers) updated.set(name, input(name, name));
    appendAverages(g, updated, keep);
  }
  return { graph: deadCode(g.build()), state };
}
