import type { Measurement, ThreatInfo, WhiteBoxMeasurement } from "./result/index.js";
import { scoreOf } from "./tally.js";

/**
 * What the searches for the nearest images show under one threat, as if each had been an attack with that ε. They leave
 * nothing unfinished there: an image that a cut-off search did not reach does not count as still to be attacked at this ε.
 */
export function nearestWithin(
  measurements: readonly Measurement[],
  model: string,
  threat: ThreatInfo,
): WhiteBoxMeasurement[] {
  return measurements.flatMap((m) => {
    if (m.kind !== "nearest" || m.model !== model || m.threat.norm !== threat.norm) return [];
    if (m.perImage === undefined) return [];
    const { unfinished: _, perImage: found, ...search } = m;
    const { unfinished: __, ...columns } = found;
    const { distance, label, success } = columns;
    const within = distance.map((far, i) => success[i] === 1 && far <= threat.epsilon);
    const adversarialPrediction = columns.adversarialPrediction.map((answer, i) =>
      within[i] ? answer : label[i]!,
    );
    return [
      {
        ...search,
        ...scoreOf(m.id, model, adversarialPrediction, columns, m.seed, m.seconds),
        kind: "white-box" as const,
        threat,
        perImage: {
          ...columns,
          adversarialPrediction,
          success: within.map((each) => (each ? 1 : 0)),
        },
      },
    ];
  });
}
