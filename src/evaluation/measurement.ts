import type { ThreatModel } from "../attacks/index.js";
import type { Classifier } from "../models/index.js";
import type { AttackMeasurement, AttackParameters, CleanMeasurement, ZeroGradient } from "./result.js";
import { zeroOperators } from "./steps.js";
import { scoreOf, type Tally } from "./tally.js";

/** Accuracy on the images as they are. */
export function cleanMeasurement(model: string, { perImage, totals }: Tally, seed: number): CleanMeasurement {
  const { index, label, cleanPrediction } = perImage;
  return {
    ...scoreOf(`${model}/clean`, model, cleanPrediction, perImage, seed, totals.seconds),
    kind: "clean",
    perImage: { index, label, cleanPrediction },
  };
}

export interface Attacked {
  readonly attack: string;
  readonly threat: ThreatModel;
  readonly parameters: AttackParameters;
  readonly tally: Tally;
  readonly seed: number;
}

/** Accuracy under an attack with the model's own gradient. */
export function whiteBoxMeasurement(
  model: string,
  classifier: Classifier,
  attacked: Attacked,
): AttackMeasurement {
  const { tally, parameters } = attacked;
  return {
    ...underAttack(model, "white-box", attacked),
    ...(parameters.steps === null ? {} : { zeroGradient: zeroGradientOf(classifier, tally) }),
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
  { attack, threat, parameters, tally, seed }: Attacked,
): Omit<AttackMeasurement, "kind" | "source"> {
  const { norm, epsilon } = threat;
  const name = parameters.steps === null ? attack : `${attack}-${parameters.steps}`;
  const { perImage, totals } = tally;
  const id = `${model}/${kind}/${norm}-${Number(epsilon.toPrecision(6))}/${name}`;
  return {
    ...scoreOf(id, model, perImage.adversarialPrediction, perImage, seed, totals.seconds),
    attack,
    threat,
    parameters,
    queries: { forward: totals.forward, gradient: totals.gradient },
    largestPerturbation: totals.largestPerturbation,
    nonFinite: totals.nonFinite,
    perImage,
  };
}

function zeroGradientOf(classifier: Classifier, { totals }: Tally): ZeroGradient {
  return { images: totals.zeroGradient, standing: totals.zeroStanding, ...zeroOperators(classifier) };
}
