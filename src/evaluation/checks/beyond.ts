/** What a further attack shows of a measurement. */
import type { AttackMeasurement, FurtherAttack } from "../result/index.js";

/** The accuracy that the attack implies for all survivors, from the images it was tried on. */
export function shownBy(
  { standing, images, broken }: Pick<FurtherAttack, "standing" | "images" | "broken">,
  { correct, n }: Pick<AttackMeasurement, "correct" | "n">,
): number {
  return images === 0 ? correct / n : (correct - (standing * broken) / images) / n;
}

/** Whether it shows that the measurement's attack had not converged: beyond the interval, and by more than one image. */
export function isBeyond(
  further: Pick<FurtherAttack, "standing" | "images" | "broken">,
  measurement: Pick<AttackMeasurement, "correct" | "n" | "interval">,
): boolean {
  const { standing, images, broken } = further;
  const isEnough = broken >= 2 || (broken === 1 && images === standing);
  return isEnough && shownBy(further, measurement) < measurement.interval.low;
}
