/**
 * The automatic gates: what makes a robust accuracy suspect (Athalye et al. 2018, §3.1;
 * Carlini et al. 2019, §3). Each is a pure function from measurements to warnings, so a
 * stored result can be judged again.
 */
import type { Measured } from "../curves.js";
import type { ResultWarning } from "../result/index.js";
import { chanceGate, collapseGate, grayImageGate } from "./chance.js";
import { adaptiveGate, fittedGate, longerGate, repeatsGate, signsGate, unadaptedGate } from "./checks.js";
import { finiteGate } from "./finite.js";
import type { Gate } from "./gate.js";
import { stepsGate, straightThroughGate, zeroGradientGate } from "./gradient.js";
import { guessGate } from "./guess.js";
import { budgetGate, endedEarlyGate } from "./limits.js";
import { noGradientGate } from "./no-gradient.js";
import { convergenceGate, monotoneGate, reachGate } from "./reach.js";
import { scoresGate } from "./scores.js";
import { blackBoxGate, fewClassesGate } from "./suites.js";
import { transferGate } from "./transfer.js";

export { checkStatements } from "./checks.js";
export { chanceLevel, type Gate } from "./gate.js";
export { describeGuess, guessGate } from "./guess.js";
export { budgetStatement, uncheckedStatement } from "./limits.js";
export { nodesNotRead } from "./no-gradient.js";
export { misleads } from "./scores.js";
export { warningTitles } from "./titles.js";
export { upperBoundStatements } from "./upper-bound.js";

/** Skips measurements that were cut off: their accuracy is only a bound, and says nothing about the attack. */
function ofFinished(gate: Gate): Gate {
  return (measured) =>
    gate({
      ...measured,
      measurements: measured.measurements.filter((m) => m.kind === "clean" || m.unfinished === undefined),
    });
}

/** Every gate that needs only a result. */
export const gates: readonly Gate[] = Object.freeze([
  collapseGate,
  guessGate,
  noGradientGate,
  finiteGate,
  zeroGradientGate,
  stepsGate,
  straightThroughGate,
  ofFinished(grayImageGate),
  ofFinished(transferGate),
  blackBoxGate,
  repeatsGate,
  scoresGate,
  signsGate,
  adaptiveGate,
  longerGate,
  reachGate,
  monotoneGate,
  convergenceGate,
  chanceGate,
  unadaptedGate,
  fewClassesGate,
  fittedGate,
  budgetGate,
  endedEarlyGate,
]);

/** Runs all gates; the most serious warnings come first. */
export function checkGates(measured: Measured): ResultWarning[] {
  const rank = { serious: 0, warning: 1, info: 2 };
  return gates.flatMap((gate) => gate(measured)).sort((a, b) => rank[a.severity] - rank[b.severity]);
}
