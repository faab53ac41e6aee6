import { drawRandomInputs, type Classifier } from "../models/index.js";
import { createGenerator, type Tensor } from "../tensor/index.js";

/** The feeds of a randomised classifier under attack: fresh ones for every run. */
export interface Draws {
  readonly randomised: boolean;
  /** See `Target.begin`. */
  readonly begin: (indices: Uint32Array) => void;
  /** The next draw of every image of the batch; empty for a deterministic classifier. */
  readonly next: () => Record<string, Tensor>;
}

export function createDraws(classifier: Classifier, batchSize: number, seed: number): Draws {
  const randomised = (classifier.randomInputs ?? []).length > 0;
  const random = createGenerator(seed);
  let indices: Uint32Array = Uint32Array.from({ length: batchSize }, (_, i) => i);
  let draw = 0;
  return {
    randomised,
    begin: (of) => {
      indices = of;
      draw = 0;
    },
    next: () =>
      randomised ? drawRandomInputs(classifier, indices, { random, purpose: "attack", draw: draw++ }) : {},
  };
}
