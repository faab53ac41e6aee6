import type { Dataset } from "../data/index.js";
import { createGenerator } from "../tensor/index.js";
import type { EvaluationPlan } from "./plan.js";

/**
 * Places of a few images that every model gets right when clean, first one per class, in the dataset's order.
 *
 * @param clean the predictions of each model.
 */
export function chooseExamples(
  dataset: Dataset,
  { seed, examples }: EvaluationPlan,
  clean: ReadonlyMap<string, readonly number[]>,
): readonly number[] {
  const isRight = (place: number): boolean =>
    [...clean.values()].every((said) => said[place] === dataset.labels[place]);
  const order = createGenerator(seed).stream("examples").permutation(dataset.length);
  const taken = new Set<number>();
  const classes = new Set<number>();
  for (const newClassOnly of [true, false]) {
    for (const place of order) {
      if (taken.size >= examples) break;
      const label = dataset.labels[place]!;
      if (!isRight(place) || taken.has(place) || (newClassOnly && classes.has(label))) continue;
      taken.add(place);
      classes.add(label);
    }
  }
  return [...taken].sort((a, b) => a - b);
}
