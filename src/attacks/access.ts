/** What a target gives of its model, and which attacks that is enough for. */
import { UsageError } from "../errors/index.js";
import type { PlannedAttack } from "./attack.js";
import { CARDS, type Access } from "./cards/index.js";
import type { Norm } from "./threat.js";

/** From the least to the most. */
const ACCESS: readonly Access[] = ["decision", "logits", "gradient"];

/** Whether a target that gives so much can be attacked by what needs so much. */
export function isEnough(given: Access, needed: Access): boolean {
  return ACCESS.indexOf(given) >= ACCESS.indexOf(needed);
}

const NEEDS: Readonly<Record<Access, string>> = {
  gradient: "the gradient",
  logits: "logits",
  decision: "the class that is named",
};

const GIVES: Readonly<Record<Access, string>> = {
  gradient: "gradients and logits",
  logits: "logits and no gradient",
  decision: "labels alone",
};

/** @throws UsageError where the attack needs more than the target gives, naming the attacks that remain. */
export function checkAccess(
  given: Access,
  { attack, threat }: Pick<PlannedAttack, "attack" | "threat">,
): void {
  if (isEnough(given, attack.access)) return;
  const left = attacksWithin(given, threat.norm);
  throw new UsageError({
    place: `attack ${attack.name}`,
    problem: `needs ${NEEDS[attack.access]}, and the target gives ${GIVES[given]}`,
    remedy:
      left.length === 0 ? `None remains in the norm ${threat.norm}.` : `Use one of: ${left.join(", ")}.`,
  });
}

/** Names of the attacks in a norm that need no more than this. */
function attacksWithin(given: Access, norm: Norm): string[] {
  return Object.values(CARDS)
    .filter(({ access, norms }) => isEnough(given, access) && norms.includes(norm))
    .map(({ name }) => name);
}
