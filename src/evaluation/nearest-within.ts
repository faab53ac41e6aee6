import type { Measurement, ThreatInfo, WhiteBoxMeasurement } from "./result/index.js";
import { scoreOf } from "./tally.js";

/** What the searches for the nearest images say under one threat, as if each had been an attack with that ε. */
export function nearestWithin(
  measurements: readonly Measurement[],
  model: string,
  threat: ThreatInfo,
): WhiteBoxMeasurement[] {
  return measurements.flatMap((m) => {
    if (m.kind !== "nearest" || m.model !== model || m.threat.norm !== threat.norm) return [];
    if (m.perImage === undefined) return [];
    const { distance, label, success } = m.perImage;
    const within = distance.map((far, i) => success[i] === 1 && far <= threat.epsilon);
    const adversarialPrediction = m.perImage.adversarialPrediction.map((answer, i) =>
      within[i] ? answer : label[i]!,
    );
    return [
      {
        ...m,
        ...scoreOf(m.id, model, adversarialPrediction, m.perImage, m.seed, m.seconds),
        kind: "white-box" as const,
        threat,
        perImage: {
          ...m.perImage,
          adversarialPrediction,
          success: within.map((each) => (each ? 1 : 0)),
        },
      },
    ];
  });
}
