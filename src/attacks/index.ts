import { apgd, targetedApgd } from "./apgd.js";
import { attentionApgd } from "./attention-apgd.js";
import type { AnyAttack, Attack } from "./attack.js";
import type { AttackName, OptionRows } from "./cards/index.js";
import { cw } from "./cw.js";
import { deepfool } from "./deepfool.js";
import { fmn } from "./fmn.js";
import { fab, targetedFab } from "./fab.js";
import { hopSkipJump } from "./hop-skip-jump.js";
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
export { cw } from "./cw.js";
export { deepfool } from "./deepfool.js";
export { hopSkipJump } from "./hop-skip-jump.js";
export { fmn } from "./fmn.js";
export { attentionApgd } from "./attention-apgd.js";
export { averagedTarget } from "./averaged-target.js";
export { fab, targetedFab } from "./fab.js";
export { square, squareThenApgd } from "./square.js";
export { ballAround, type Ball } from "./ball.js";
export { runRows } from "./batch.js";
export { boxAround, boxThreat } from "./box.js";
export { climbSteadily, type Climbed, type ClimbOptions } from "./climb.js";
export * from "./cards/index.js";
export {
  createFunctionTarget,
  type FunctionInput,
  type FunctionTargetOptions,
  type ImageFunction,
} from "./function-target.js";
export { grayImage, holdsGrayImage } from "./gray-image.js";
export { attackImages, imagesOf, runAttack, type AttackedBatch, type AttackedImage } from "./harness.js";
export { logitsOf, type Verdict } from "./judge.js";
export { pack, type Done, type Job } from "./pack.js";
export { lossFor, type LossAt } from "./loss-gradient.js";
export { fgsm, pgd } from "./pgd.js";
export { type PgdOptions } from "./pgd-moves.js";
export { forwardGraph, pgdStepGraph, STEP, type PgdStepOptions } from "./pgd-step.js";
export { argMax, crossEntropies, marginOf, NO_CLASS, oneHot, predictions, spreadOf } from "./scoring.js";
export { accessOf, openTarget } from "./open-target.js";
export {
  createTarget,
  FORWARD,
  type Answerer,
  type Compile,
  type Target,
  type TargetOptions,
} from "./target.js";
export {
  checkLength,
  checkThreat,
  LONGEST,
  NORMS,
  normLabel,
  type Norm,
  type StepNorm,
  type ThreatModel,
} from "./threat.js";
export { roundedInside, roundedOutwards } from "./round-inside.js";
export { pgdTrajectory, type TrajectoryOptions } from "./trajectory.js";
export { watchImages, type Walk, type Watched } from "./watch.js";

/** Every attack by name. */
export const ATTACKS: Readonly<Record<AttackName, AnyAttack>> = Object.freeze({
  pgd: known(pgd),
  fgsm: known(fgsm),
  apgd: known(apgd),
  "apgd-t": known(targetedApgd),
  "fab-t": known(targetedFab),
  fab: known(fab),
  square: known(square),
  "square-apgd": known(squareThenApgd),
  "attention-apgd": known(attentionApgd),
  fmn: known(fmn),
  cw: known(cw),
  deepfool: known(deepfool),
  "hop-skip-jump": known(hopSkipJump),
  "gray-image": known(grayImage),
});

function known<Rows extends OptionRows>(attack: Attack<Rows>): AnyAttack {
  return attack as unknown as AnyAttack;
}
