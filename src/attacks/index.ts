import { apgd, targetedApgd } from "./apgd.js";
import type { AnyAttack, Attack } from "./attack.js";
import type { AttackName, OptionRows } from "./cards/index.js";
import { targetedFab } from "./fab.js";
import { grayImage } from "./gray-image.js";
import { fgsm, pgd } from "./pgd.js";
import { square, squareThenApgd } from "./square.js";

export { isEnough } from "./access.js";
export {
  createAdversary,
  type Adversary,
  type AdversaryBatch,
  type AdversaryOptions,
  type AdversarySpec,
} from "./adversary.js";
export { ask, type Answer, type Asking, type Query, type Question } from "./asking.js";
export {
  costOf,
  defineAttack,
  planAttack,
  type AnyAttack,
  type Attack,
  type AttackBatch,
  type GivenOptions,
  type PlannedAttack,
  type RunContext,
  type Subject,
} from "./attack.js";
export { apgd, targetedApgd } from "./apgd.js";
export { targetedFab } from "./fab.js";
export { square, squareThenApgd } from "./square.js";
export { ballAround, type Ball } from "./ball.js";
export { runRows } from "./batch.js";
export { boxAround, boxThreat } from "./box.js";
export { climb, type Climbed, type ClimbOptions } from "./climb.js";
export * from "./cards/index.js";
export {
  createFunctionTarget,
  type FunctionInput,
  type FunctionTargetOptions,
  type ImageFunction,
} from "./function-target.js";
export { grayImage, holdsGrayImage } from "./gray-image.js";
export { attackImages, imagesOf, runAttack, type AttackedBatch, type AttackedImage } from "./harness.js";
export { type Verdict } from "./judge.js";
export { pack, type Done, type Job } from "./pack.js";
export { lossFor, type LossAt } from "./loss-gradient.js";
export { fgsm, pgd, type PgdOptions } from "./pgd.js";
export { forwardGraph, pgdStepGraph, STEP, type PgdStepOptions } from "./pgd-step.js";
export { argMax, crossEntropies, NO_CLASS, oneHot, predictions } from "./scoring.js";
export { accessOf, openTarget } from "./open-target.js";
export {
  createTarget,
  FORWARD,
  type Answerer,
  type Compile,
  type Target,
  type TargetOptions,
} from "./target.js";
export { checkLength, checkThreat, type Norm, type ThreatModel } from "./threat.js";
export { pgdTrajectory, type TrajectoryOptions } from "./trajectory.js";

/** Every attack by name. */
export const ATTACKS: Readonly<Record<AttackName, AnyAttack>> = Object.freeze({
  pgd: known(pgd),
  fgsm: known(fgsm),
  apgd: known(apgd),
  "apgd-t": known(targetedApgd),
  "fab-t": known(targetedFab),
  square: known(square),
  "square-apgd": known(squareThenApgd),
  "gray-image": known(grayImage),
});

function known<Rows extends OptionRows>(attack: Attack<Rows>): AnyAttack {
  return attack as unknown as AnyAttack;
}
