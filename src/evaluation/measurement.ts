import type { PlannedAttack } from "../attacks/index.js";
import { isOpaque, type AnyClassifier, type Classifier } from "../models/index.js";
import type {
  AttackMeasurement,
  AttackParameters,
  CleanMeasurement,
  NearestMeasurement,
  PerCleanImage,
  WhiteBoxMeasurement,
  ZeroGradient,
} from "./result/index.js";
import type { PlannedMeasurement } from "./plan.js";
import { zeroOperators } from "./steps.js";
import { scoreOf, type Tally } from "./tally.js";

/** Accuracy on the clean images. */
export function cleanMeasurement(
  model: string,
  { index, label, cleanPrediction }: PerCleanImage,
  seed: number,
  seconds: number,
): CleanMeasurement {
  return {
    ...scoreOf(`${model}/clean`, model, cleanPrediction, { label }, seed, seconds),
    kind: "clean",
    perImage: { index, label, cleanPrediction },
  };
}

export interface Attacked {
  readonly planned: Pick<PlannedMeasurement, "name" | "threat" | "isSuite" | "nearest"> & {
    readonly stages: readonly PlannedAttack[];
  };
  /** Whether the attack aimed at a class. */
  readonly targeted?: boolean;
  readonly tally: Tally;
  readonly seed: number;
}

/** Accuracy under an attack with the model's own gradient. */
export function whiteBoxMeasurement(
  model: string,
  classifier: AnyClassifier,
  attacked: Attacked,
): WhiteBoxMeasurement {
  const { tally, planned } = attacked;
  return {
    ...underAttack(model, planned.nearest === true ? "nearest" : "white-box", attacked),
    ...(isOpaque(classifier) || planned.stages.every(({ attack }) => attack.access !== "gradient")
      ? {}
      : { zeroGradient: zeroGradientOf(classifier, tally) }),
    kind: "white-box",
  };
}

/** The same, or the distances of the nearest images if the attack searched for these. */
export function ownMeasurement(
  model: string,
  classifier: AnyClassifier,
  attacked: Attacked,
): WhiteBoxMeasurement | NearestMeasurement {
  const measured = whiteBoxMeasurement(model, classifier, attacked);
  return attacked.planned.nearest === true ? { ...measured, kind: "nearest" } : measured;
}

/** Accuracy on images that were made on another model. */
export function transferMeasurement(model: string, source: string, attacked: Attacked): AttackMeasurement {
  return { ...underAttack(model, `transfer:${source}`, attacked), kind: "transfer", source };
}

function underAttack(
  model: string,
  kind: string,
  { planned, targeted = false, tally, seed }: Attacked,
): Omit<AttackMeasurement, "kind" | "source"> {
  const { threat, stages, isSuite } = planned;
  const { norm, epsilon } = threat;
  const parameters = parametersOf(isSuite ? {} : stages[0]!.options, targeted);
  const name = parameters.steps === null ? planned.name : `${planned.name}-${parameters.steps}`;
  const { perImage, totals, seconds, unfinished, further = 0 } = tally;
  const id = `${model}/${kind}/${norm}-${Number(epsilon.toPrecision(6))}/${name}`;
  return {
    ...scoreOf(id, model, perImage.adversarialPrediction, perImage, seed, seconds, unfinished),
    attack: planned.name,
    threat,
    parameters,
    queries: { forward: totals.forward, gradient: totals.gradient },
    largestPerturbation: totals.largestPerturbation,
    nonFinite: totals.nonFinite,
    ...(tally.stages === undefined
      ? {}
      : {
          stages: tally.stages.map(
            ({
              planned: stage,
              images,
              broken,
              blind,
              forward,
              gradient,
              seconds: taken,
              unfinished: left,
            }) => ({
              attack: stage.attack.name,
              parameters: parametersOf(stage.options, targeted),
              images,
              broken,
              ...(blind === 0 ? {} : { blind }),
              queries: { forward, gradient },
              seconds: taken,
              ...(left === 0 ? {} : { unfinished: left }),
            }),
          ),
        }),
    ...(further === 0 ? {} : { further }),
    ...(unfinished === 0 ? {} : { unfinished }),
    perImage,
  };
}

/** Parameters that every result lists for an attack; null if the attack does not have one. */
const COMMON = ["steps", "stepSize", "randomStart", "restarts", "objective"] as const;

/** All options of an attack, as results state them. */
export function parametersOf(options: PlannedAttack["options"], targeted: boolean): AttackParameters {
  const absent = COMMON.filter((name) => options[name] === undefined).map((name) => [name, null] as const);
  return { ...options, ...Object.fromEntries(absent), targeted } as AttackParameters;
}

function zeroGradientOf(classifier: Classifier, { totals }: Tally): ZeroGradient {
  return { images: totals.zeroGradient, standing: totals.zeroStanding, ...zeroOperators(classifier) };
}
