import { apgd, targetedApgd } from "./apgd.js";
import { attentionApgd } from "./attention-apgd.js";
import type { AttackName } from "./cards/index.js";
import { cw } from "./cw.js";
import { deepfool } from "./deepfool.js";
import { fmn } from "./fmn.js";
import { fab, targetedFab } from "./fab.js";
import { hopSkipJump } from "./hop-skip-jump.js";
import { grayImage } from "./gray-image.js";
import { patch } from "./patch.js";
import { fgsm, pgd } from "./pgd.js";
import { square, squareThenApgd } from "./square.js";

export { isEnough } from "./access.js";
export { createAdversary, type Adversary, type AdversarySpec } from "./adversary.js";
export { ask, type Answer, type Asking, type Question } from "./asking.js";
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
export { square } from "./square.js";
export { ballAround, type Ball } from "./ball.js";
export { runRows } from "./batch.js";
export { boxAround, boxThreat } from "./box.js";
export { climbSteadily, type ClimbOptions } from "./climb.js";
export * from "./cards/index.js";
export {
  createFunctionTarget,
  type FunctionInput,
  type FunctionTargetOptions,
  type ImageFunction,
} from "./function-target.js";
export { grayImage } from "./gray-image.js";
export { attackImages, imagesOf, runAttack, type AttackedBatch, type AttackedImage } from "./harness.js";
export { logitsOf, type Verdict } from "./judge.js";
export { pack, type Done, type Job } from "./pack.js";
export type { LossAt } from "./loss-gradient.js";
export { patch } from "./patch.js";
export { checkPatch } from "./patch-ball.js";
export { fgsm, pgd } from "./pgd.js";
export { type PgdOptions } from "./pgd-moves.js";
export { forwardGraph, pgdStepGraph, STEP } from "./pgd-step.js";
export { argMax, crossEntropies, marginOf, oneHot, predictions } from "./scoring.js";
export { accessOf, openTarget } from "./open-target.js";
export {
  createTarget,
  FORWARD,
  imagesPerRun,
  type Answerer,
  type Compile,
  type Target,
  type TargetOptions,
} from "./target.js";
export { checkThreat, LONGEST, type Norm, type StepNorm, type ThreatModel } from "./threat.js";
export { roundedInside, roundedOutwards } from "./round-inside.js";
export { pgdTrajectory } from "./trajectory.js";
export { watchImages, type Walk, type Watched } from "./watch.js";

/**
 * Every attack by name, with its own options: `planAttack(ATTACKS.pgd, { norm: "linf", epsilon: 8 / 255 }, { steps: 40 })`.
 * Each is documented under [the attacks](../../docs/method.md#the-attacks).
 */
export const ATTACKS = Object.freeze({
  pgd,
  fgsm,
  apgd,
  "apgd-t": targetedApgd,
  "fab-t": targetedFab,
  fab,
  square,
  "square-apgd": squareThenApgd,
  "attention-apgd": attentionApgd,
  fmn,
  cw,
  deepfool,
  "hop-skip-jump": hopSkipJump,
  patch,
  "gray-image": grayImage,
}) satisfies Readonly<Record<AttackName, unknown>>;
export type { ChoiceRow, CountRow, FlagRow, PositiveRow } from "./cards/option-rows.js";
