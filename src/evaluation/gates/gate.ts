import { foundByChecks, type Measured } from "../curves.js";
import type { AttackMeasurement, FurtherAttack, ResultWarning } from "../result/index.js";
import { LOW } from "../warn.js";
import { describeSearch } from "../words.js";

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

/** What an attack with gradients straight through the model's steps found, if the checks made one. */
export function foundThrough(checks: Measured["checks"], { id }: AttackMeasurement): string {
  const through = furtherAttack(checks, id, "straight-through");
  return through === undefined
    ? ""
    : ` ${describeSearch(through, ", its gradients passed through as if nothing were rounded or clipped,")}`;
}

/** Of a warning that a number is false: serious, unless the checks left so little that no number is too high. */
export function severityOf(
  checks: Measured["checks"],
  about: readonly AttackMeasurement[],
): "serious" | "warning" {
  const isLow = about.every((m) => (m.correct - foundByChecks({ checks }, [m]).size) / m.n < LOW);
  return isLow ? "warning" : "serious";
}
