import type { Measurement, ResultWarning, WarningCode } from "./result/index.js";

/** A warning about measurements, whose ids it carries. */
export function warn(
  code: WarningCode,
  severity: ResultWarning["severity"],
  message: string,
  about: readonly Measurement[],
): ResultWarning {
  return { code, severity, message, measurements: about.map((m) => m.id) };
}
