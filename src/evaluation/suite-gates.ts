/** The gates that compare the attacks of a suite with each other. */
import { CARDS, lossFor, type RaisedLoss } from "../attacks/index.js";
import { attacksOf, type Measured } from "./curves.js";
import type { AttackMeasurement, AttackParameters, ResultWarning, SuiteStageResult } from "./result/index.js";
import { warn } from "./warn.js";
import { describe, list, nameOf, percent, stageNames } from "./words.js";

/** If an attack without gradients takes more accuracy than this, the gradient attacks failed (as in AutoAttack's reference). */
const blindMargin = 0.002;
/** From this share of what gradient attacks had left, and this number of images, gradients mean nothing. */
const BLIND_SHARE = 0.1;
const BLIND_IMAGES = 3;
/** An accuracy below this is too low to be called false. */
const LOW = 0.1;

/** Whether an attack uses the model's gradient; an attack of another tool is assumed to. */
export function needsGradient(attack: string): boolean {
  const known: Readonly<Record<string, { readonly access: string }>> = CARDS;
  return !Object.hasOwn(known, attack) || known[attack]!.access === "gradient";
}

/** The attacks of a suite that use no gradient and were run, such as `Square`; none for a single attack. */
export function gradientFreeNames({ stages = [] }: Pick<AttackMeasurement, "stages">): string[] {
  const ran = stages.filter(
    ({ attack, images, unfinished = 0 }) => !needsGradient(attack) && images > unfinished,
  );
  return [...new Set(ran.map(({ attack }) => nameOf(attack)))];
}

/**
 * An attack without gradients broke images that the gradient attacks before it had left. This includes the first part of an
 * attack that searches by queries and only then by gradients.
 */
export function blackBoxGate({ measurements }: Pick<Measured, "measurements">): ResultWarning[] {
  return attacksOf(measurements).flatMap((m) => {
    const { stages = [] } = m;
    const first = stages.findIndex(({ attack }) => needsGradient(attack));
    const blindly = (stage: SuiteStageResult): number =>
      needsGradient(stage.attack) ? (stage.blind ?? 0) : stage.broken;
    const blind = stages.filter(
      (stage, i) => first >= 0 && i > first && (!needsGradient(stage.attack) || blindly(stage) > 0),
    );
    const broken = blind.reduce((sum, stage) => sum + blindly(stage), 0);
    if (m.parameters.targeted || broken <= blindMargin * m.n) return [];
    const message =
      `${describe(m)}: ${list(blind.map(blindName))}, which uses no gradient, broke ${broken} of ` +
      `the ${blind[0]!.images} images that had survived the gradient attacks (${percent(broken / m.n)} of all). The ` +
      "gradient is misleading here, so a better attack is likely to break more. Give Square more queries " +
      "(--attack square --queries 20000), use --attack rand if the model is randomised, let gradients pass through " +
      "rounding (--straight-through), or write an attack for this defence.";
    const isMuch = broken >= BLIND_IMAGES && broken >= BLIND_SHARE * blind[0]!.images && m.accuracy >= LOW;
    // If no image survived, no number is too high.
    return [
      warn("black-box-stronger", m.correct === 0 ? "info" : isMuch ? "serious" : "warning", message, [m]),
    ];
  });
}

/** `Square`, or the first part of an attack, which uses no gradient yet. */
function blindName({ attack }: SuiteStageResult): string {
  return needsGradient(attack) ? `the search that ${nameOf(attack)} starts with` : nameOf(attack);
}

/** DLR was requested although there are too few classes for it. One note per model. */
export function fewClassesGate({
  dataset,
  measurements,
}: Pick<Measured, "dataset" | "measurements">): ResultWarning[] {
  const classes = dataset.classNames.length;
  const white = attacksOf(measurements).filter(({ kind }) => kind === "white-box");
  return [...new Set(white.map(({ model }) => model))].flatMap((model) => {
    const own = white
      .filter((m) => m.model === model)
      .map((m) => ({ m, names: replaced(m, classes) }))
      .filter(({ names }) => names.length > 0);
    if (own.length === 0) return [];
    const names = [...new Set(own.flatMap((each) => each.names))];
    const message =
      `${model}: the difference of logits ratio (DLR) needs three classes, or four when targeted, but the model has ` +
      `${classes}. ${list(names)} raised the margin of the logits instead.`;
    return [
      warn(
        "few-classes",
        "info",
        message,
        own.map(({ m }) => m),
      ),
    ];
  });
}

/** The attacks of a measurement that raised the margin instead of the requested loss. */
function replaced(m: AttackMeasurement, classes: number): string[] {
  const stages: readonly Pick<SuiteStageResult, "attack" | "parameters">[] = m.stages ?? [m];
  const names = m.stages === undefined ? [nameOf(m.attack)] : stageNames(m.stages);
  return names.filter((_, i) => isReplaced(stages[i]!.attack, stages[i]!.parameters, classes));
}

function isReplaced(
  attack: string,
  { objective, loss = objective, targeted }: AttackParameters,
  classes: number,
): boolean {
  if (loss !== "dlr") return false;
  const isTargeted = targeted || attack === CARDS["apgd-t"].name;
  return lossFor(loss satisfies RaisedLoss, classes, isTargeted) !== loss;
}
