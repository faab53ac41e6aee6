/** What a target reveals of its model, and which attacks that allows. */
import { UsageError } from "../errors/index.js";
import type { PlannedAttack } from "./attack.js";
import { CARDS, type Access } from "./cards/index.js";
import type { Norm } from "./threat.js";

/** From the least to the most. */
const ACCESS: readonly Access[] = ["decision", "logits", "gradient"];

/** Whether the access that a target gives is enough for an attack's needs. */
export function isEnough(given: Access, needed: Access): boolean {
  return ACCESS.indexOf(given) >= ACCESS.indexOf(needed);
}

const NEEDS: Readonly<Record<Access, string>> = {
  gradient: "the gradient",
  logits: "logits",
  decision: "the predicted class",
};

const GIVES: Readonly<Record<Access, string>> = {
  gradient: "gradients and logits",
  logits: "logits but no gradient",
  decision: "only labels",
};

/** @throws UsageError if the attack needs more than the target gives, naming the attacks that work. */
export function checkAccess(
  given: Access,
  { attack, threat }: Pick<PlannedAttack, "attack" | "threat">,
): void {
  if (isEnough(given, attack.access)) return;
  const left = attacksWithin(given, threat.norm);
  throw new UsageError({
    place: `attack ${attack.name}`,
    problem: `needs ${NEEDS[attack.access]}, but the target gives ${GIVES[given]}`,
    remedy:
      left.length === 0
        ? `No attack works with that in the norm ${threat.norm}.`
        : `Use one of: ${left.join(", ")}.`,
  });
}

/** Names of the attacks in a norm that need no more than this. */
function attacksWithin(given: Access, norm: Norm): string[] {
  return Object.values(CARDS)
    .filter(({ access, norms }) => isEnough(given, access) && norms.includes(norm))
    .map(({ name }) => name);
}
