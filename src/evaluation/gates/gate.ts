import type { Measured } from "../curves.js";
import type { FurtherAttack, ResultWarning } from "../result/index.js";

/** Judges a result. */
export type Gate = (measured: Measured) => ResultWarning[];

/** Share of the largest class among the images scored: what a constant answer gets. */
export function chanceLevel({ dataset }: Pick<Measured, "dataset">): number {
  return Math.max(...dataset.classCounts) / dataset.n;
}

/** The attack that the checks ran for this purpose after a measurement, named by its id. */
export function furtherAttack(
  checks: Measured["checks"] = [],
  id: string | undefined,
  wanted: FurtherAttack["purpose"],
): FurtherAttack | undefined {
  const further = checks.flatMap((each) => (each.measurement === id ? (each.further ?? []) : []));
  return further.find(({ purpose, images }) => purpose === wanted && images > 0);
}
