import type { Measured } from "../curves.js";
import type { ResultWarning } from "../result/index.js";

/** Judges a result. */
export type Gate = (measured: Measured) => ResultWarning[];

/** Share of the largest class among the images scored: what a constant answer gets. */
export function chanceLevel({ dataset }: Pick<Measured, "dataset">): number {
  return Math.max(...dataset.classCounts) / dataset.n;
}
