import { appendGradients, type Recompute } from "../autodiff/index.js";
import type { GraphBuilder, Value } from "../graph/index.js";
import { attentionMap, needsOf, totalLoss, type Branch, type LossWeights } from "../losses/index.js";
import { tapActivation, type Classifier } from "../models/index.js";
import { UPDATE } from "./update-names.js";

/** One half of the batch of an update. */
export type Half = "clean" | "adversarial";

/** Which halves the batch needs, in order. */
export function halvesOf(weights: LossWeights): readonly Half[] {
  const needs = needsOf(weights);
  return (["clean", "adversarial"] as const).filter((half) => needs[half]);
}

/** Emits the mean of the recipe's loss over the batch; each term's mean and the logits become outputs. */
export function meanLoss(
  g: GraphBuilder,
  classifier: Classifier,
  halves: readonly Half[],
  { batchSize, weights }: { readonly batchSize: number; readonly weights: LossWeights },
): { loss: Value; terms: string[] } {
  const logits = g.value(classifier.logits);
  const maps = needsOf(weights).attention
    ? classifier.taps.map((tap) => attentionMap(g, tapActivation(g, tap)))
    : [];
  const part = (value: Value, half: number): Value =>
    halves.length === 1
      ? value
      : g.op("Slice", [value, g.ints([half * batchSize]), g.ints([(half + 1) * batchSize]), g.ints([0])]);
  const branches: Partial<Record<Half, Branch>> = {};
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

/** Which of the forward pass of a batch is computed again: all but the last of so many segments. */
export function recomputed(
  g: GraphBuilder,
  { image, randomInputs = [] }: Classifier,
  segments = 1,
): Recompute | undefined {
  if (segments === 1) return undefined;
  const names = [image, UPDATE.oneHot, ...randomInputs.map(({ name }) => name)];
  return { segments, inputs: names.map((name) => g.value(name)) };
}
