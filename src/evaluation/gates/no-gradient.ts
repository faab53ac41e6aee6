/** The gate on models that run as an unchanged file: attacks on them find less. */
import { attacksOf, type Measured } from "../curves.js";
import type { ResultWarning, UnreadNode } from "../result/index.js";
import { warn } from "../warn.js";
import { attackLabel, list } from "../words.js";

/** How many nodes a sentence names. */
const NAMED = 3;

/** The model has unsupported nodes, so no attack had its gradient. One warning per model. */
export function noGradientGate({
  models = [],
  measurements,
}: Pick<Measured, "models" | "measurements">): ResultWarning[] {
  return models.flatMap(({ name, unread }) => {
    if (unread === undefined) return [];
    const own = measurements.filter(({ model }) => model === name);
    const attacks = [
      ...new Set(
        attacksOf(own)
          .filter(({ kind }) => kind === "white-box")
          .map(attackLabel),
      ),
    ];
    const tried = attacks.length === 0 ? "No attack was run on it." : `Only ${list(attacks)} attacked it.`;
    const message =
      `${name}: no gradient: ${nodesNotRead(unread)}. ONNX Runtime runs the file unchanged, without gradient ` +
      `attacks. ${tried} Gradient attacks usually find more, so the accuracy may be too high.`;
    return [warn("no-gradient", "warning", message, own)];
  });
}

/** `2 of its nodes are not supported: u (Unique): this op is not known; needed: …` */
export function nodesNotRead(unread: readonly UnreadNode[]): string {
  const shown = unread
    .slice(0, NAMED)
    .map(({ node, op, problem, needed }) => `${node} (${op}): ${problem}; needed: ${needed}`);
  const more = unread.length > NAMED ? `; and ${unread.length - NAMED} more` : "";
  const several = unread.length === 1 ? "one of its nodes is" : `${unread.length} of its nodes are`;
  return `${several} not supported: ${shown.join("; ")}${more}`;
}
