/** Accuracy on images that nobody attacked and that are damaged. */
import { corruptionLabel, summariseCorruptions } from "../../evaluation/index.js";
import { interval, percent } from "../../report/index.js";
import { NOTHING, type Measured } from "./row.js";

const CORRUPTIONS_LEFT = "sensor faults, and damage of other kinds or worse";

/** The mean accuracy under corruptions with its interval, and of what it is the mean. */
export function damageMeasured(measured: Measured): string {
  const summary = summaryOf(measured);
  if (summary === undefined) return NOTHING;
  const { kinds, severities, n, accuracy, interval: range } = summary;
  const ranged = range === undefined ? "" : ` ${interval(range)}`;
  return (
    `Mean accuracy under ${kinds.length} corruptions (${kinds.map(corruptionLabel).join(", ")}) at ` +
    `${severities.length === 1 ? "severity" : "severities"} ${severities.join(", ")}: ${percent(accuracy)}${ranged}, ${n} images each`
  );
}

/** What of damage was not measured. */
export function damageLeft(measured: Measured): string {
  return summaryOf(measured) === undefined
    ? "Damage without an attacker: noise, blur, compression, weather, sensor faults."
    : `Damage without an attacker: ${CORRUPTIONS_LEFT}.`;
}

function summaryOf({ result, model }: Measured): ReturnType<typeof summariseCorruptions>[number] | undefined {
  return summariseCorruptions(result).find((each) => each.model === model.name);
}
