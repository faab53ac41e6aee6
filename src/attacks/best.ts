import type { Subject } from "./attack.js";
import { argMax, marginOf } from "./scoring.js";

/** The best adversarial image seen so far. */
export interface Best {
  readonly image: Float32Array;
  readonly succeeded: boolean;
  /** Keeps the candidate if it is better by its logits `[K]`: first by success, then by the larger margin. */
  offer(candidate: Float32Array, logits: Float32Array): void;
}

/** Starts empty: the first candidate is kept whatever its margin. */
export function createBest({ image, label, target }: Pick<Subject, "image" | "label" | "target">): Best {
  let [kept, score, succeeded] = [image, -Infinity, false];
  return {
    get image() {
      return kept;
    },
    get succeeded() {
      return succeeded;
    },
    offer(candidate, logits) {
      const prediction = argMax(logits, 0, logits.length);
      const success = target === undefined ? prediction !== label : prediction === target;
      const margin = marginOf(logits, 0, logits.length, target ?? label);
      const better = target === undefined ? margin : -margin;
      if (success < succeeded || (success === succeeded && !(better > score))) return;
      [kept, score, succeeded] = [candidate, better, success];
    },
  };
}
