import type { PlannedAttack } from "../attacks/index.js";
import type { Classifier } from "../models/index.js";
import type { AttackMeasurement, AttackParameters, CleanMeasurement, ZeroGradient } from "./result.js";
import { zeroOperators } from "./steps.js";
import { scoreOf, type Tally } from "./tally.js";

/** Accuracy on the images as they are. */
export function cleanMeasurement(
  model: string,
  { perImage, seconds }: Tally,
  seed: number,
): CleanMeasurement {
  const { index, label, cleanPrediction } = perImage;
  return {
    ...scoreOf(`${model}/clean`, model, cleanPrediction, perImage, seed, seconds),
    kind: "clean",
    perImage: { index, label, cleanPrediction },
  };
}

export interface Attacked {
  readonly planned: PlannedAttack;
  /** Whether a class was to be reached. */
  readonly targeted?: boolean;
  readonly tally: Tally;
  readonly seed: number;
}

/** Accuracy under an attack with the model's own gradient. */
export function whiteBoxMeasurement(
  model: string,
  classifier: Classifier,
  attacked: Attacked,
): AttackMeasurement {
  const { tally, planned } = attacked;
  return {
    ...underAttack(model, "white-box", attacked),
    ...(planned.attack.access !== "gradient" ? {} : { zeroGradient: zeroGradientOf(classifier, tally) }),
    kind: "white-box",
  };
}

/** Accuracy on images that were made on another model. */
export function transferMeasurement(model: string, source: string, attacked: Attacked): AttackMeasurement {
  return { ...underAttack(model, `transfer:${source}`, attacked), kind: "transfer", source };
}

function underAttack(
  model: string,
  kind: string,
  { planned: { attack, threat, options }, targeted = false, tally, seed }: Attacked,
): Omit<AttackMeasurement, "kind" | "source"> {
  const { norm, epsilon } = threat;
  const parameters = parametersOf(options, targeted);
  const name = parameters.steps === null ? attack.name : `${attack.name}-${parameters.steps}`;
  const { perImage, totals, seconds } = tally;
  const id = `${model}/${kind}/${norm}-${Number(epsilon.toPrecision(6))}/${name}`;
  return {
    ...scoreOf(id, model, perImage.adversarialPrediction, perImage, seed, seconds),
    attack: attack.name,
    threat,
    parameters,
    queries: { forward: totals.forward, gradient: totals.gradient },
    largestPerturbation: totals.largestPerturbation,
    nonFinite: totals.nonFinite,
    perImage,
  };
}

/** What every result says of an attack; null where it has none. */
const COMMON = ["steps", "stepSize", "randomStart", "restarts", "objective"] as const;

function parametersOf(options: PlannedAttack["options"], targeted: boolean): AttackParameters {
  const absent = COMMON.filter((name) => options[name] === undefined).map((name) => [name, null] as const);
  return { ...options, ...Object.fromEntries(absent), targeted } as AttackParameters;
}

function zeroGradientOf(classifier: Classifier, { totals }: Tally): ZeroGradient {
  return { images: totals.zeroGradient, standing: totals.zeroStanding, ...zeroOperators(classifier) };
}
