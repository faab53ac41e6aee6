import type { Attack } from "./attack.js";
import { grayImage } from "./gray-image.js";
import { fgsm, pgd } from "./pgd.js";

export {
  createAdversary,
  type Adversary,
  type AdversaryBatch,
  type AdversaryOptions,
  type AdversarySpec,
} from "./adversary.js";
export {
  defineAttack,
  type Attack,
  type AttackBatch,
  type AttackedBatch,
  type AttackInput,
  type AttackOptions,
  type Norm,
  type RunContext,
  type ThreatModel,
} from "./attack.js";
export { checkLength, checkThreat } from "./options.js";
export { distanceOf } from "./ball.js";
export { grayImage, holdsGrayImage } from "./gray-image.js";
export { replaceNonFinite, runAttack } from "./harness.js";
export { fgsm, pgd, PGD_OBJECTIVES, type PgdObjective, type PgdOptions } from "./pgd.js";
export { forwardGraph, pgdStepGraph, STEP, type PgdStepOptions } from "./pgd-step.js";
export { argMax, crossEntropies, NO_CLASS, oneHot, predictions } from "./scoring.js";
export { createTarget, type Compile, type QueryCount, type Target, type TargetOptions } from "./target.js";

/** Every attack by name. */
export const ATTACKS: Readonly<Record<string, Attack<never>>> = Object.freeze({
  [pgd.name]: pgd as unknown as Attack<never>,
  [fgsm.name]: fgsm as unknown as Attack<never>,
  [grayImage.name]: grayImage as unknown as Attack<never>,
});
export { pgdTrajectory, type TrajectoryOptions } from "./trajectory.js";
