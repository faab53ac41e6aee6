/** The gates on what the attacks of a suite did, one beside the other. */
import { CARDS, lossFor, type RaisedLoss } from "../attacks/index.js";
import { attacksOf, type Measured } from "./curves.js";
import type { AttackMeasurement, AttackParameters, ResultWarning, SuiteStageResult } from "./result/index.js";
import { warn } from "./warn.js";
import { describe, list, nameOf, percent, stageNames } from "./words.js";

/** More accuracy than this, taken by an attack without gradients, betrays the attacks by gradient (as in AutoAttack's reference). */
const blindMargin = 0.002;
/** Share of what gradients had left, and number of images, from which on such an attack says that gradients mean nothing. */
const BLIND_SHARE = 0.1;
const BLIND_IMAGES = 3;
/** An accuracy below this has little that could be false. */
const LOW = 0.1;

/** Whether an attack asks for the model's gradient; one of another tool is taken to. */
export function needsGradient(attack: string): boolean {
  const known: Readonly<Record<string, { readonly access: string }>> = CARDS;
  return !Object.hasOwn(known, attack) || known[attack]!.access === "gradient";
}

/** The attacks of a suite that ask for no gradient and were run, as in `Square`; none of an attack that is no suite. */
export function gradientFreeNames({ stages = [] }: Pick<AttackMeasurement, "stages">): string[] {
  const ran = stages.filter(
    ({ attack, images, unfinished = 0 }) => !needsGradient(attack) && images > unfinished,
  );
  return [...new Set(ran.map(({ attack }) => nameOf(attack)))];
}

/**
 * An attack without gradients broke images that the attacks by gradient before it had left; so did the first part of one
 * that searches by answers, and only then by gradients.
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
      `${describe(m)}: ${list(blind.map(blindName))}, which asks for no gradient, broke ${broken} of ` +
      `the ${blind[0]!.images} images that the attacks by gradient had left (${percent(broken / m.n)} of all). The ` +
      "gradient misleads them here, so a better attack is likely to break more. Ask Square for more " +
      "(--attack square --queries 20000), use --attack rand where the model draws at random, let gradients pass what " +
      "rounds (--straight-through), or attack this defence in a way of its own.";
    const isMuch = broken >= BLIND_IMAGES && broken >= BLIND_SHARE * blind[0]!.images && m.accuracy >= LOW;
    // Where nothing stands any more, no number is too high.
    return [
      warn("black-box-stronger", m.correct === 0 ? "info" : isMuch ? "serious" : "warning", message, [m]),
    ];
  });
}

/** `Square`, or the part of an attack that asks for no gradient yet. */
function blindName({ attack }: SuiteStageResult): string {
  return needsGradient(attack) ? `the search that ${nameOf(attack)} begins with` : nameOf(attack);
}

/** DLR was asked for where there are too few classes for it. One note a model. */
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
      `${model}: the difference of logits ratio (DLR) needs three classes, and four where it aims at one; the model has ` +
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

/** The attacks of a measurement that raised the margin in place of the loss they were told. */
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
