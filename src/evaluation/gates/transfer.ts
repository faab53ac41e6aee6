import { CARDS } from "../../attacks/cards/index.js";
import { needsGradient } from "../blind.js";
import { attacksOf } from "../curves.js";
import type { AttackMeasurement } from "../result/index.js";
import { warn } from "../warn.js";
import { attackLabel, describe, percent } from "../words.js";
import type { Gate } from "./gate.js";

/** A black-box result better than this (in accuracy) betrays a failing white-box attack. */
const transferMargin = 0.002;

/** The attack whose image is the same for all models. */
const GRAY = CARDS["gray-image"].name;

/** Gate 6: images made without the model's gradient fool it more often than its own gradient does. */
export const transferGate: Gate = ({ measurements }) => {
  const attacks = attacksOf(measurements).filter((m) => !m.parameters.targeted);
  return attacks.flatMap((blind) => {
    if (!isBlind(blind)) return [];
    const rivals = attacks.filter(
      (m) =>
        m.kind === "white-box" &&
        m.attack !== GRAY &&
        // Two attacks without gradients are not rivals: the better one just made more queries.
        (blind.kind === "transfer" || blind.attack === GRAY || usesGradient(m)) &&
        m.model === blind.model &&
        m.threat.norm === blind.threat.norm &&
        m.threat.epsilon === blind.threat.epsilon,
    );
    if (rivals.length === 0) return [];
    const best = rivals.reduce((least, m) => (m.accuracy < least.accuracy ? m : least));
    if (blind.accuracy >= best.accuracy - transferMargin) return [];
    const cause = usesGradient(best)
      ? "The model hides its gradient: the white-box number is too high."
      : "The attack without gradients needs more queries: its number is too high.";
    const message =
      `${describe(blind)} leaves ${percent(blind.accuracy)}, but the white-box ${attackLabel(best)} ` +
      `${percent(best.accuracy)}. ${cause}`;
    return [warn("transfer-stronger", "serious", message, [blind, best])];
  });
};

/** Whether an attack used no gradient of the model. Images made on the model itself are a white-box attack of another length. */
function isBlind(m: AttackMeasurement): boolean {
  return m.kind === "transfer" ? m.source !== m.model : m.stages === undefined && !needsGradient(m.attack);
}

function usesGradient({ attack, stages }: AttackMeasurement): boolean {
  return stages !== undefined || needsGradient(attack);
}
