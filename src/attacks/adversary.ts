import type { Norm } from "./attack.js";

/** The adversary a defence trains against, as data. */
export interface AdversarySpec {
  readonly norm: Norm;
  /** Radius at full strength, pixel units. */
  readonly epsilon: number;
  readonly steps: number;
  /** Step size as a multiple of epsilon, so that ε warm-up scales both. */
  readonly relativeStepSize: number;
  readonly randomStart: boolean;
  /** What δ maximises: the cross-entropy, or the whole loss L of the recipe (paper, eq. 1). */
  readonly objective: "cross-entropy" | "total";
}
