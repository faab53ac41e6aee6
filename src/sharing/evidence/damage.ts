/** Accuracy on damaged images that nobody attacked. */
import { corruptionsOf, describeCorruptions } from "../corruptions.js";
import { NOTHING, type Measured } from "./row.js";

/** The mean accuracy under corruptions with its interval, and what it is the mean of. */
export function damageMeasured({ result, model }: Measured): string {
  const summary = corruptionsOf(result, model);
  return summary === undefined ? NOTHING : describeCorruptions(result, summary);
}

/** Kinds of damage that were not measured. */
export function damageLeft({ result, model }: Measured): string {
  return corruptionsOf(result, model) === undefined
    ? "Damage without an attacker: noise, blur, compression, weather, sensor faults."
    : "Damage without an attacker: sensor faults, and damage of other kinds or worse.";
}
