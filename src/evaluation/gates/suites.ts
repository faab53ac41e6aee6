/** The gates that compare the attacks of a suite with each other. */
import { CARDS, lossFor, type RaisedLoss } from "../../attacks/cards/index.js";
import { brokenBlindly, needsGradient } from "../blind.js";
import { attacksOf, type Measured } from "../curves.js";
import type {
  AttackMeasurement,
  AttackParameters,
  ResultWarning,
  SuiteStageResult,
} from "../result/index.js";
import { warn } from "../warn.js";
import { describe, describeSearch, list, nameOf, percent, stageNames } from "../words.js";
import { foundThrough, furtherAttack, severityOf } from "./gate.js";

/** From this share of what gradient attacks had left, and this number of images, gradients mean nothing. */
const BLIND_SHARE = 0.1;
const BLIND_IMAGES = 3;

/** An attack without gradients broke images that the gradient attacks before it had left. */
export function blackBoxGate({
  measurements,
  checks = [],
}: Pick<Measured, "measurements" | "checks">): ResultWarning[] {
  return attacksOf(measurements).flatMap((m) => {
    const blind = brokenBlindly(m);
    if (blind === undefined) return [];
    const { broken, stages } = blind;
    const standing = stages[0]!.images;
    const search = furtherAttack(checks, m.id, "search");
    // A zero gradient's own warning says what was found straight through it.
    const through = (m.zeroGradient?.standing ?? 0) > 0 ? "" : foundThrough(checks, m).trimStart();
    const tried = [search && `So ${describeSearch(search)}`, through]
      .filter(Boolean)
      .map((each) => `${each} `);
    const hidesSteps =
      m.zeroGradient?.steps !== undefined && furtherAttack(checks, m.id, "straight-through") === undefined;
    const message =
      `${describe(m)}: ${list(stages.map(blindName))}, which uses no gradient, broke ${broken} of ` +
      `the ${standing} images that had survived the gradient attacks (${percent(broken / m.n)} of all). The ` +
      `gradient is misleading here, so a better attack is likely to break more. ${tried.join("")}Give Square more queries ` +
      "(--attack square --queries 20000), use --attack rand if the model is randomised, " +
      `${hidesSteps ? "let gradients pass through rounding (--straight-through), " : ""}or write an attack for this defence.`;
    const isMuch = broken >= BLIND_IMAGES && broken >= BLIND_SHARE * standing;
    // If no image survived, no number is too high.
    const severity = m.correct === 0 ? "info" : isMuch ? severityOf(checks, [m]) : "warning";
    return [warn("black-box-stronger", severity, message, [m])];
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
