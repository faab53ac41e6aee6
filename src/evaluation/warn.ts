import type { Measurement, Result, ResultWarning, WarningCode } from "./result/index.js";

/** An accuracy below this is too low to be called false. */
export const LOW = 0.1;

/** Makes a warning about measurements, with their ids. */
export function warn(
  code: WarningCode,
  severity: ResultWarning["severity"],
  message: string,
  about: readonly Measurement[],
): ResultWarning {
  return { code, severity, message, measurements: about.map((m) => m.id) };
}

/** The first serious warning about one of these measurements, which says that their numbers are false. */
export function falsifiedBy(
  { warnings }: Pick<Result, "warnings">,
  measurements: readonly string[],
): ResultWarning | undefined {
  return warnings.find(
    ({ severity, measurements: about }) =>
      severity === "serious" && about.some((id) => measurements.includes(id)),
  );
}
